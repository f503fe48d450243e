"""Where a bar's parts lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.advantage import Advantage
from agent.interval_bar import POINTS, Axis, fitting

AXIS = Axis(10.0, "10 points")


@pytest.mark.parametrize(
    ("advantage", "bar"),
    [
        (None, "          │          "),
        (Advantage(4, 2, 7), "          │ ━━◆━━━   "),
        (Advantage(-4, -7, -2), "   ━━━◆━━ │          "),
        (Advantage(1, -3, 5), "       ━━━┿◆━━━━     "),
        (Advantage(0, -2, 2), "        ━━◆━━        "),
        (Advantage(5), "          │    ◇     "),
        (Advantage(8, 2, 30), "          │ ━━━━━━◆━→"),
        (Advantage(-30, -50, -20), "←         │          "),
        (Advantage(30, -50, 60), "←━━━━━━━━━┿━━━━━━━━━→"),
        (Advantage(30), "          │         →"),
        (Advantage(0.2, 0.1, 0.3), "          │◆         "),  # what excludes 0 does not touch the line
        (Advantage(-0.2, -0.3, -0.1), "         ◆│          "),
    ],
)
def test_a_bar(advantage: Advantage | None, bar: str) -> None:
    assert AXIS.bar(advantage, 21) == bar


FINITE = st.floats(-1e6, 1e6)


@given(FINITE, FINITE, FINITE, st.integers(4, 30))
def test_a_flipped_advantage_is_the_bar_in_a_mirror(value: float, one: float, other: float, half: int) -> None:
    advantage = Advantage(value, min(one, other), max(one, other))
    mirrored = AXIS.bar(advantage.flipped(), 2 * half + 1)[::-1].translate(str.maketrans("←→", "→←"))
    assert AXIS.bar(advantage, 2 * half + 1) == mirrored


@pytest.mark.parametrize(
    ("advantages", "limit"),
    [
        ([], 1),
        ([Advantage(0.5, -1.9, 2)], 2),
        ([Advantage(12)], 20),
        ([Advantage(1, 0, 4), Advantage(1, 0, 4), Advantage(1, -90, 90)], 5),  # one long interval leaves the axis
        ([Advantage(1, 0, 4), Advantage(60, 1, 90)], 100),  # an estimate stays on it
        ([Advantage(1e9)], 100),
    ],
)
def test_the_axis_is_the_shortest_that_serves(advantages: list[Advantage], limit: float) -> None:
    assert fitting(POINTS, advantages).limit == limit
