from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import Box, Detection
from benchmark.metrics.matches import Matches, box_matches, count_matches, iou_matrix

coordinates = st.integers(0, 12)
box_strategy = st.tuples(coordinates, coordinates, st.integers(1, 8), st.integers(1, 8)).map(
    lambda v: (float(v[0]), float(v[1]), float(v[0] + v[2]), float(v[1] + v[3]))
)


def overlap(a: Box, b: Box) -> float:
    """IoU by counting unit pixels."""
    cells = [
        {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))} for box in (a, b)
    ]
    return len(cells[0] & cells[1]) / len(cells[0] | cells[1])


def brute_force(detections: list[Detection], boxes: list[Box]) -> int:
    """True positives by the definition, one detection after another."""
    free = dict(enumerate(boxes))
    for detection in sorted(detections, key=lambda each: -each.score):
        best = max(free, key=lambda index: overlap(detection.box, free[index]), default=None)
        if best is not None and overlap(detection.box, free[best]) >= 0.5:
            del free[best]
    return len(boxes) - len(free)


@given(st.lists(box_strategy, max_size=6), st.lists(box_strategy, max_size=6))
def test_overlaps_are_those_of_counted_pixels(first: list[Box], second: list[Box]) -> None:
    matrix = iou_matrix(first, second)
    assert matrix.shape == (len(first), len(second))
    for row, a in enumerate(first):
        assert matrix[row].tolist() == pytest.approx([overlap(a, b) for b in second])


@given(st.lists(st.tuples(box_strategy, st.floats(0.01, 1)), max_size=6), st.lists(box_strategy, max_size=6))
def test_matches_are_those_of_the_definition(found: list[tuple[Box, float]], boxes: list[Box]) -> None:
    detections = [Detection(box, score, "car") for box, score in found]
    tp = brute_force(detections, boxes)
    assert box_matches(detections, boxes) == Matches(tp, len(found) - tp, len(boxes) - tp)


def test_the_order_of_the_detections_does_not_matter() -> None:
    detections = [
        Detection((0, 0, 10, 10), 0.9, "car"),
        Detection((1, 0, 11, 10), 0.8, "car"),
        Detection((20, 0, 30, 10), 0.3, "car"),
    ]
    boxes: list[Box] = [(1, 0, 11, 10), (20, 0, 30, 10)]
    assert {box_matches(order, boxes) for order in permutations(detections)} == {Matches(2, 1, 0)}


def test_false_alarms_on_an_empty_image_count() -> None:
    total = box_matches([Detection((0, 0, 5, 5), 0.9, "car")], []) + Matches(1, 0, 0)
    assert total.f1 == pytest.approx(2 / 3)


def test_nothing_to_find_and_nothing_found_is_perfect() -> None:
    nothing = Matches(0, 0, 0)
    assert (nothing.f1, nothing.precision, nothing.recall) == (1.0, None, None)


def test_matches_from_counts() -> None:
    assert [count_matches(5, 3), count_matches(2, 3)] == [Matches(3, 2, 0), Matches(2, 0, 1)]
