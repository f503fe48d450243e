import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from benchmark.models.peaks import Peak, find_peaks

Map = npt.NDArray[np.float32]

MAPS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    # Few different heights, so that plateaus of all forms come up.
    elements=st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0]),
)
THRESHOLDS = st.sampled_from([-1.0, 0.0, 0.2, 0.25, 0.6, 0.99])


def bumps(places: list[tuple[int, int]], shape: tuple[int, int] = (40, 40)) -> Map:
    """A hill of deviation 1 at each place, its top from 0.5 up."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    hills = [
        (0.5 + 0.4 * number / len(places)) * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 2)
        for number, (row, column) in enumerate(places)
    ]
    heights: Map = np.max([np.zeros(shape), *hills], axis=0).astype(np.float32)
    return heights


def places(peaks: list[Peak]) -> set[tuple[float, float]]:
    return {(each.row, each.column) for each in peaks}


def hills_by_flooding(heights: Map, threshold: float) -> int:
    """The same by other means: flat zones, found cell by cell, that no neighbour exceeds."""
    seen, found = np.zeros(heights.shape, bool), 0
    for start in np.ndindex(heights.shape):
        if seen[start] or heights[start] <= threshold:
            continue
        zone, highest = [start], True
        seen[start] = True
        for row, column in zone:
            for r in range(max(row - 1, 0), min(row + 2, heights.shape[0])):
                for c in range(max(column - 1, 0), min(column + 2, heights.shape[1])):
                    if heights[r, c] > heights[start]:
                        highest = False
                    elif heights[r, c] == heights[start] and not seen[r, c]:
                        seen[r, c] = True
                        zone.append((r, c))
        found += highest
    return found


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_as_many_peaks_as_hills_that_stand_apart_and_where_they_stand(cells: set[tuple[int, int]]) -> None:
    tops = [(6 * row + 1, 6 * column + 1) for row, column in cells]
    assert places(find_peaks(bumps(tops), 0.4)) == set(map(tuple, tops))


@given(MAPS, THRESHOLDS)
def test_peaks_are_the_flat_zones_that_no_neighbour_exceeds(heights: Map, threshold: float) -> None:
    assert len(find_peaks(heights, threshold)) == hills_by_flooding(heights, threshold)


@given(MAPS, THRESHOLDS, st.integers(0, 5), st.integers(0, 5))
def test_moving_the_map_moves_the_peaks(heights: Map, threshold: float, down: int, right: int) -> None:
    moved = np.pad(heights, ((down, 2), (right, 2)), constant_values=-2.0)
    assert rounded(find_peaks(moved, threshold)) == rounded(find_peaks(heights, threshold), down, right)


def rounded(peaks: list[Peak], down: int = 0, right: int = 0) -> list[tuple[float, ...]]:
    """In an order of their own: peaks of one height come in any. The middle of a plateau is rounded anew."""
    return sorted((round(each.row + down, 6), round(each.column + right, 6), each.height) for each in peaks)


@given(MAPS, THRESHOLDS, THRESHOLDS)
def test_a_higher_threshold_keeps_just_the_higher_peaks(heights: Map, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert find_peaks(heights, high) == [each for each in find_peaks(heights, low) if each.height > high]


@given(MAPS, THRESHOLDS)
def test_the_highest_peak_comes_first_and_is_the_highest_position(heights: Map, threshold: float) -> None:
    found = [each.height for each in find_peaks(heights, threshold)]
    assert found == sorted(found, reverse=True)
    assert found[:1] == ([float(heights.max())] if heights.max() > threshold else [])


@pytest.mark.parametrize("corner", [(0, 0), (0, 7), (5, 0), (5, 7), (0, 3), (5, 4)])
def test_a_hill_at_the_border_is_a_peak(corner: tuple[int, int]) -> None:
    heights = np.zeros((6, 8), np.float32)
    heights[corner] = 0.75
    assert find_peaks(heights, 0.5) == [Peak(*corner, 0.75)]


def test_a_plateau_counts_once_in_its_middle() -> None:
    heights = np.zeros((5, 9), np.float32)
    heights[2, 3:6] = 1.0
    assert find_peaks(heights, 0.5) == [Peak(2.0, 4.0, 1.0)]


def test_a_map_that_is_level_throughout_is_one_plateau() -> None:
    assert find_peaks(np.full((4, 6), 0.75, np.float32), 0.5) == [Peak(1.5, 2.5, 0.75)]


def test_a_level_shoulder_of_a_hill_is_no_peak() -> None:
    heights = np.array([[0.6, 0.6, 0.6, 0.6, 0.9]], np.float32)
    assert places(find_peaks(heights, 0.5)) == {(0, 4)}


def test_two_hills_that_touch_at_their_feet_are_two() -> None:
    assert len(find_peaks(np.array([[0.9, 0.6, 0.8]], np.float32), 0.5)) == 2


def test_a_peak_at_the_threshold_does_not_exceed_it() -> None:
    heights = np.array([[0.0, 0.5, 0.0]], np.float32)
    assert find_peaks(heights, 0.5) == []
    assert len(find_peaks(heights, 0.4999)) == 1


def test_one_position_is_a_map() -> None:
    assert find_peaks(np.array([[0.75]], np.float32), 0.5) == [Peak(0.0, 0.0, 0.75)]


def test_what_is_not_a_number_is_no_peak() -> None:
    assert find_peaks(np.full((3, 3), np.nan, np.float32), 0.0) == []
