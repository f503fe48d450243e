"""Figures and differences in words."""

import math

import pytest

from agent.advantage import Advantage
from agent.metric_lines import Metric
from agent.wording import difference, figure, interval

SHARE = Metric("accuracy", "", "%")
TIME = Metric("speed_ms", "", "ms", "faster")
MEMORY = Metric("memory_mb", "", "MiB", "less")
SCORE = Metric("green_score", "", "")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"), (0.0, "0"), (24.618, "24.6"), (9.987, "9.99"), (655.04, "655"), (1234.5, "1,234"),
        (0.07578, "0.0758"), (2.3e-9, "2.3e-09"), (4.2e8, "4.2e+08"), (-3.14159, "-3.14"),
    ],
)  # fmt: skip
def test_a_figure_has_three_digits(value: float | None, said: str) -> None:
    assert figure(value) == said


def factor(value: float, low: float, high: float) -> Advantage:
    return Advantage(math.log(value), math.log(low), math.log(high))


@pytest.mark.parametrize(
    ("metric", "advantage", "said", "between"),
    [
        (SHARE, Advantage(6.1, 2.3, 9.8), "B +6.1 points", "[2.3, 9.8]"),
        (SHARE, Advantage(-3.2, -11.7, 4.3), "A +3.2 points", "[−4.3, 12]"),
        (SHARE, Advantage(0.01), "equal", ""),
        (SHARE, Advantage(0.0, -1, 1), "equal", "[−1.0, 1.0]"),
        (TIME, factor(1.12, 1.05, 1.2), "B 12 % faster", "[5.0, 20] %"),
        (TIME, factor(1 / 1.12, 1 / 1.2, 1 / 1.05), "A 12 % faster", "[5.0, 20] %"),
        (TIME, factor(2.4, 1.9, 3.1), "B 2.4× faster", "[1.9, 3.1]×"),
        (MEMORY, factor(1.25, 0.8, 2.0), "B 20 % less", "[−25, 50] %"),
        (MEMORY, factor(1e9, 1, 1e12), "B >999× less", "[1, >999]×"),
        (MEMORY, Advantage(0.1, -math.inf, math.inf), "B 9.5 % less", "[<−999, 100] %"),
        (SCORE, Advantage(-1.08), "A by 1.08", ""),
    ],
)
def test_a_difference_is_told_from_the_better_ones_side(
    metric: Metric, advantage: Advantage, said: str, between: str
) -> None:
    assert (difference(metric, advantage), interval(metric, advantage)) == (said, between)
