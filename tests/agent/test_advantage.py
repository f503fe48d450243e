"""Less than 0 is better for A, whatever the metric."""

import math
from typing import Any

import pytest

from agent.advantage import MEASURES, Advantage, standing
from agent.metric_lines import GROUPS as OF_TERMINAL
from agent.report.metric import GROUPS as OF_REPORT
from tests.agent.report.rows import entry


def advantage(name: str, values: dict[str, Any]) -> Advantage | None:
    found = standing({"model_a_id": "first", "model_b_id": "second", "verdict": {"metrics": {name: values}}}, name)
    assert found
    return found.advantage


def held(name: str, values: dict[str, Any]) -> tuple[float, ...]:
    """Value and limits; of ratios the factors."""
    found = advantage(name, values)
    assert found
    ends = (found.value, *(found.limits or ()))
    return tuple(map(math.exp, ends)) if MEASURES[name].scale.value == "ratio" else ends


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("speed_ms", entry(20.0, 20.0, ratio=0.8, ratio_low=0.75, ratio_high=0.85), (0.8, 0.75, 0.85)),
        ("throughput_fps", entry(20.0, 20.0, ratio=0.8, ratio_low=0.75, ratio_high=1.0), (1.25, 1.0, 1 / 0.75)),
        ("memory_mb", entry(100.0, 100.0, ratio=0.5), (0.5,)),
        ("accuracy", entry(0.8, 0.8, difference=-0.1, ci_low=-0.15, ci_high=-0.05), (10.0, 5.0, 15.0)),
        ("green_score", entry(60.0, 60.0, difference=3.0, ci_low=1.0, ci_high=5.0), (-3.0, -5.0, -1.0)),
    ],
)
def test_the_paired_estimate_is_what_counts_and_not_what_the_figures_give(
    name: str, values: dict[str, Any], expected: tuple[float, ...]
) -> None:
    assert held(name, values) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("speed_ms", {"a": 10.0, "b": 20.0}, (0.5,)),
        ("speed_ms", entry(10.0, 20.0, ci_low=-12.0, ci_high=-4.0), (0.5, 0.4, 0.8)),
        ("speed_ms", entry(10.0, 20.0, difference=-8.0, ci_low=-12.0, ci_high=-4.0), (0.6, 0.4, 0.8)),
        ("speed_ms", entry(10.0, 20.0, ci_low=-30.0, ci_high=4.0), (0.5, 0.0, 1.2)),
        ("speed_ms", entry(10.0, 20.0, ratio=-1.0, ratio_low=-2.0, ratio_high=-0.5), (0.5,)),
        ("count_mae", {"a": 0.5, "b": 0.75}, (-0.25,)),
        ("accuracy", {"a": 0.7, "b": 0.8, "ci_low": -0.2}, (10.0,)),
    ],
)
def test_older_rows_are_read_from_differences_or_from_the_figures(
    name: str, values: dict[str, Any], expected: tuple[float, ...]
) -> None:
    assert held(name, values) == pytest.approx(expected)


def test_what_is_0_or_was_not_measured_of_both_cannot_be_compared() -> None:
    assert advantage("speed_ms", entry(0.0, 20.0, ratio=0.8)) is None
    assert advantage("speed_ms", entry(None, 20.0, ratio=0.8)) is None
    assert advantage("accuracy", entry(None, 0.8, difference=0.1)) is None
    assert advantage("accuracy", entry(0.0, 0.8)) == Advantage(80.0)


def test_the_figures_are_the_models_own() -> None:
    row = {"model_a_metrics": {"speed_ms": 21.0}, "model_b_metrics": {"speed_ms": None}}
    found = standing({**row, "verdict": {"metrics": {"speed_ms": entry(1.0, 2.0)}}}, "speed_ms")
    assert found
    assert (found.a, found.b, found.advantage) == (21.0, None, None)


def test_terminal_and_report_show_only_what_has_a_measure() -> None:
    terminal = {metric.name for group in OF_TERMINAL.values() for metric in group}
    report = {metric.name for _, _, group in OF_REPORT for metric in group}
    assert report <= terminal == set(MEASURES)
