"""Times as blocks."""

from agent.sparkline import Heights, sparkline, thinned


def test_blocks_rise_with_the_times_in_the_order_measured() -> None:
    times = [10.0, 12.0, 14.0, 16.0, 17.9, 10.0]
    assert sparkline(times, Heights(10.0, 18.0)) == "▁▃▅▇█▁"


def test_more_times_than_columns_become_medians_of_neighbours() -> None:
    assert thinned([1.0, 2.0, 90.0, 4.0, 5.0, 6.0], 2) == [2.0, 5.0]
    assert thinned([1.0, 2.0], 60) == [1.0, 2.0]
    assert thinned([], 60) == []
    assert len(thinned([float(n) for n in range(1000)], 37)) == 37


def test_one_outlier_does_not_make_all_others_flat() -> None:
    times = [20.0, 22.0] * 30 + [900.0]
    heights = Heights.of(times, [21.0])
    assert (heights.bottom, heights.top) == (20.0, 23.0)
    assert sparkline([20.0, 22.0, 900.0], heights) == "▁▆█"


def test_times_that_are_all_alike_are_a_flat_line() -> None:
    assert sparkline([5.0, 5.0], Heights.of([5.0, 5.0])) == "▁▁"
    assert sparkline([], Heights.of([])) == ""
