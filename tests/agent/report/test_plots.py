"""Places on the plots."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.advantage import Advantage, Scale, Standing
from agent.report.accuracy_plot import accuracy_plot, groups
from agent.report.axis import Axis, round_numbers
from agent.report.interval_bar import MARGIN, WIDTH, band, interval_axis, interval_bar
from agent.report.latency_plot import beyond, latency_histogram, latency_run, time_limits
from agent.report.picture import pictures
from agent.report.plot import NARROW, WIDE
from tests.agent.report.rows import result_row


def compared(value: float, low: float | None, high: float | None, better: str | None = "a") -> Standing:
    return Standing(1.0, 2.0, better, Advantage(value, low, high))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_round_numbers_lie_within_and_are_about_as_many_as_asked_for(low: float, span: float, most: int) -> None:
    values = round_numbers(low, low + span, most)
    slack = span * 1e-6
    assert all(low - slack <= value <= low + span + slack for value in values)
    assert most // 3 <= len(values) <= most + 1


def test_an_axis_places_its_ends_and_what_lies_beyond_them_at_its_ends() -> None:
    axis = Axis(10, 20, 100, 0)
    assert [axis.place(value) for value in (10, 15, 20, 5, 25)] == [100, 50, 0, 100, 0]


def test_the_bar_of_a_lies_left_of_the_middle_and_in_its_colour() -> None:
    found = compared(-0.2, -0.3, -0.1)
    bar = interval_bar(found, interval_axis(Scale.RATIO, [found]))
    assert bar
    assert bar.low is not None
    assert bar.high is not None
    assert MARGIN <= bar.low < bar.dot < bar.high < bar.middle == WIDTH / 2
    assert bar.style == "a"


@pytest.mark.parametrize(
    ("low", "high", "better", "style"),
    [(-0.1, 0.3, None, "tie"), (0.1, 0.3, "b", "b"), (None, None, "b", "untested"), (None, None, None, "untested"),
     (0.1, 0.3, None, "tie")],
)  # fmt: skip
def test_only_an_interval_that_decides_has_a_sides_colour(
    low: float | None, high: float | None, better: str | None, style: str
) -> None:
    found = compared(0.2, low, high, better)
    bar = interval_bar(found, interval_axis(Scale.RATIO, [found]))
    assert bar
    assert bar.style == style


def test_bars_of_a_group_share_the_scale_of_the_furthest() -> None:
    near, far = compared(0.1, None, None), compared(1.0, 0.5, 1.5)
    axis = interval_axis(Scale.RATIO, [near, far])
    assert axis.high == pytest.approx(1.05 * 1.5)
    assert axis.low == -axis.high


def test_small_differences_look_small_and_endless_ones_end() -> None:
    assert interval_axis(Scale.RATIO, [compared(0.01, None, None)]).high == math.log(1.25)
    endless = compared(0.1, -math.inf, math.inf, None)
    axis = interval_axis(Scale.RATIO, [endless])
    bar = interval_bar(endless, axis)
    assert axis.high == math.log(10)
    assert bar
    assert (bar.low, bar.high) == (MARGIN, WIDTH - MARGIN)


@pytest.mark.parametrize("far", [0.1, 0.3, 0.5, 1.0, 2.0, 5.0])
def test_ticks_of_ratios_keep_apart_and_have_no_sign(far: float) -> None:
    ticks = interval_axis(Scale.RATIO, [compared(far, None, None)]).ticks
    places = [place for place, _ in ticks]
    assert min(np.diff(places)) >= 30
    assert [text for _, text in ticks] == [text for _, text in reversed(ticks)]
    assert "equal" in [text for _, text in ticks]
    assert len(ticks) >= 3


def test_ticks_of_scores_have_no_sign() -> None:
    found = compared(20.0, None, None, "b")
    assert not any("-" in text for _, text in interval_axis(Scale.SHARE, [found]).ticks)


def test_the_band_is_what_the_resolution_leaves_undecided() -> None:
    axis = interval_axis(Scale.RATIO, [])
    limits = band(axis, 0.05)
    assert limits == (axis.place(math.log(0.95)), axis.place(-math.log(0.95)))
    assert band(axis, None) is band(axis, 0.0) is band(axis, 1.0) is None


def test_one_hiccup_lies_beyond_the_plot_and_is_counted() -> None:
    times = {"a": [10.0 + 0.01 * index for index in range(300)] + [900.0], "b": [12.0]}
    low, high = time_limits(times)
    assert (low, high) == (10, 13)
    assert beyond(times, high) == {"a": [900.0], "b": []}


@given(st.lists(st.floats(1e-5, 1e8), min_size=1, max_size=50), st.lists(st.floats(1e-5, 1e8), max_size=50))
def test_any_times_can_be_drawn(of_a: list[float], of_b: list[float]) -> None:
    times = {"a": of_a, "b": of_b}
    low, high = time_limits(times)
    assert 0 <= low <= min(of_a + of_b) < high
    for width in (WIDE, NARROW):
        for plot in (latency_histogram(times, {}, width), latency_run(times, width)):
            assert not any("nan" in path.d or "inf" in path.d for path in plot.paths)


def test_a_is_drawn_upwards_and_b_downwards_in_equal_measure() -> None:
    times = {"a": [10.0, 11.0, 11.0, 12.0], "b": [10.0, 11.0, 11.0, 12.0]}
    plot = latency_histogram(times, {}, WIDE)
    heights = {path.style: [float(y) for y in re.findall(r"V([\d.]+)", path.d)] for path in plot.paths}
    middle = plot.y.place(0)
    assert max(heights["area a"]) == min(heights["area b"]) == middle
    assert middle - min(heights["area a"]) == pytest.approx(max(heights["area b"]) - middle, abs=0.2)


def test_percentiles_stand_where_they_belong_and_unknown_ones_do_not() -> None:
    times = {"a": [10.0, 20.0], "b": [10.0, 20.0]}
    plot = latency_histogram(times, {"a": {"p50": 15.0, "p90": 19.0}, "b": {}}, WIDE)
    assert [note.text for note in plot.notes] == ["p50 15.0", "p90 19.0"]
    marks = [path.d for path in plot.paths if path.style == "mark a"]
    assert [float(re.match(r"M([\d.]+) ", d)[1]) for d in marks] == [plot.x.place(15.0), plot.x.place(19.0)]  # type: ignore[index]


def test_the_run_has_a_dot_for_each_prediction() -> None:
    plot = latency_run({"a": [10.0] * 7, "b": [11.0] * 5}, NARROW)
    assert [path.d.count("M") for path in plot.paths] == [7, 5]


def test_images_are_grouped_by_who_counted_better() -> None:
    seen = pictures(result_row()["image_results"], [])
    sides = {side: [each.index for each in members] for side, members in groups(seen).items()}
    assert sides == {"a": [1], "tie": [0, 4, 5, 8], "b": [3, 7, 2, 6]}


def test_each_image_has_a_circle_a_diamond_and_a_line_between_them() -> None:
    seen = pictures(result_row()["image_results"], [])
    plot = accuracy_plot(seen, WIDE)
    dots = {path.style: path.d.count("M") for path in plot.paths if path.style in ("circle a", "diamond b")}
    assert dots == {"circle a": 9, "diamond b": 9}
    links = [path.style for path in plot.paths if path.style.startswith("link")]
    assert links == ["link a"] + ["link tie"] * 4 + ["link b"] * 4
    assert [note.text for note in plot.notes] == ["A better: 1", "alike: 4", "B better: 4"]
    assert sum(path.hint == "street/002.jpg: true 2, A 1, B 2" for path in plot.paths) == 1
