from collections import Counter
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import Box, Detection
from benchmark.metrics.matches import Matches, box_matches, count_matches, iou_matrix

coordinates = st.integers(0, 12)
box_strategy = st.tuples(coordinates, coordinates, st.integers(1, 8), st.integers(1, 8)).map(
    lambda v: (float(v[0]), float(v[1]), float(v[0] + v[2]), float(v[1] + v[3]))
)
#: Close together, so that several cars want the same detection and overlaps come out the same.
crowded_strategy = st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(3, 4), st.integers(3, 4)).map(
    lambda v: (float(v[0]), float(v[1]), float(v[0] + v[2]), float(v[1] + v[3]))
)
few_scores = st.sampled_from([0.3, 0.5, 0.9])


def overlap(a: Box, b: Box) -> float:
    """IoU by counting unit pixels."""
    cells = [
        {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))} for box in (a, b)
    ]
    return len(cells[0] & cells[1]) / len(cells[0] | cells[1])


def stable_matching(detections: list[Detection], boxes: list[Box]) -> int:
    """True positives of the one assignment that nobody can object to, found by trying all of them.

    A detection objects to its lot if there is a car that it overlaps enough and likes better, and that is free or went
    to a detection of lower rank. Rank is the score; among equal scores, and equal overlaps, the place in the list.
    """
    rank = sorted(range(len(detections)), key=lambda index: (-detections[index].score, index))
    # A detection's liking of each car, nothing below IoU 0.5; what comes later in the list is liked a little less.
    liking = [
        {car: (shared, -car) for car, box in enumerate(boxes) if (shared := overlap(detections[index].box, box)) >= 0.5}
        for index in rank
    ]
    stable = {
        sum(car is not None for car in lots)
        for lots in product(*([None, *each] for each in liking))
        if _fits(lots) and not any(_objects(number, lots, liking) for number in range(len(lots)))
    }
    [found] = stable
    return found


def _fits(lots: tuple[int | None, ...]) -> bool:
    given_out = Counter(car for car in lots if car is not None)
    return all(times == 1 for times in given_out.values())


def _objects(number: int, lots: tuple[int | None, ...], liking: list[dict[int, tuple[float, int]]]) -> bool:
    own = lots[number]
    taken_by_better = set(lots[:number])
    return any(
        car not in taken_by_better and (own is None or worth > liking[number][own])
        for car, worth in liking[number].items()
        if car != own
    )


def detected(found: list[tuple[Box, float]]) -> list[Detection]:
    return [Detection(box, score, "car") for box, score in found]


@given(st.lists(box_strategy, max_size=6), st.lists(box_strategy, max_size=6))
def test_overlaps_are_those_of_counted_pixels(first: list[Box], second: list[Box]) -> None:
    matrix = iou_matrix(first, second)
    assert matrix.shape == (len(first), len(second))
    for row, a in enumerate(first):
        assert matrix[row].tolist() == pytest.approx([overlap(a, b) for b in second])


@given(st.lists(st.tuples(box_strategy, st.floats(0.01, 1)), max_size=6), st.lists(box_strategy, max_size=6))
def test_matches_are_those_of_the_definition(found: list[tuple[Box, float]], boxes: list[Box]) -> None:
    tp = stable_matching(detected(found), boxes)
    assert box_matches(detected(found), boxes) == Matches(tp, len(found) - tp, len(boxes) - tp)


@given(
    st.lists(st.tuples(crowded_strategy, few_scores), max_size=4),
    st.lists(crowded_strategy, max_size=4),
)
def test_matches_in_a_crowd_with_equal_scores_and_overlaps_are_those_of_the_definition(
    found: list[tuple[Box, float]], boxes: list[Box]
) -> None:
    tp = stable_matching(detected(found), boxes)
    assert box_matches(detected(found), boxes) == Matches(tp, len(found) - tp, len(boxes) - tp)


def test_the_higher_score_chooses_first_even_where_another_order_would_match_more() -> None:
    """The wide detection overlaps both cars and likes the first best, which is the only one the other could have."""
    cars: list[Box] = [(0, 0, 10, 10), (0, 0, 10, 16)]
    only_the_first, either = (0.0, 0.0, 10.0, 7.0), (0.0, 0.0, 10.0, 11.0)
    assert box_matches(detected([(only_the_first, 0.4), (either, 0.9)]), cars) == Matches(1, 1, 1)
    assert box_matches(detected([(only_the_first, 0.9), (either, 0.4)]), cars) == Matches(2, 0, 0)


def test_a_detection_takes_the_car_that_it_overlaps_most() -> None:
    cars: list[Box] = [(0, 0, 10, 19), (0, 0, 10, 10)]
    found = detected([((0, 0, 10, 11), 0.9), ((0, 0, 10, 21), 0.5)])
    assert box_matches(found, cars) == Matches(2, 0, 0)
    assert box_matches(found, cars[::-1]) == Matches(2, 0, 0)


def test_of_equal_overlaps_the_first_car_is_taken() -> None:
    left, right = (0.0, 0.0, 10.0, 10.0), (6.0, 0.0, 16.0, 10.0)
    found = detected([((3, 0, 13, 10), 0.9), (left, 0.5)])
    assert box_matches(found, [left, right]) == Matches(1, 1, 1)
    assert box_matches(found, [right, left]) == Matches(2, 0, 0)


def test_of_equal_scores_the_first_detection_chooses_first_among_many() -> None:
    cars: list[Box] = [(0, 0, 10, 10), (0, 0, 10, 16)]
    only_the_first, either = (0.0, 0.0, 10.0, 7.0), (0.0, 0.0, 10.0, 11.0)
    far_away: list[Box] = [(100, 0, 110, 10)] * 60
    assert box_matches(detected([(box, 0.5) for box in (either, only_the_first, *far_away)]), cars).tp == 1
    assert box_matches(detected([(box, 0.5) for box in (only_the_first, either, *far_away)]), cars).tp == 2
    assert box_matches(detected([(box, 0.5) for box in (*far_away, only_the_first, either)]), cars).tp == 2
    assert box_matches(detected([(box, 0.5) for box in (*far_away, either, only_the_first)]), cars).tp == 1


def test_an_overlap_of_exactly_the_threshold_is_a_match() -> None:
    half = detected([((0, 0, 10, 5), 0.9)])
    assert box_matches(half, [(0, 0, 10, 10)]) == Matches(1, 0, 0)
    assert box_matches(half, [(0, 0, 10, 10)], iou=0.51) == Matches(0, 1, 1)


def test_a_second_detection_of_the_same_car_is_a_false_alarm() -> None:
    assert box_matches(detected([((0, 0, 10, 10), 0.9), ((0, 0, 10, 10), 0.9)]), [(0, 0, 10, 10)]) == Matches(1, 1, 0)


@pytest.mark.parametrize("empty", [(5, 5, 5, 5), (5, 5, 5, 9), (5, 5, 9, 5)])
def test_a_box_without_area_overlaps_nothing(empty: Box) -> None:
    assert iou_matrix([empty], [empty, (0, 0, 10, 10)]).tolist() == [[0.0, 0.0]]
    assert box_matches(detected([(empty, 0.9)]), [empty]) == Matches(0, 1, 1)


def test_boxes_that_touch_or_lie_apart_both_ways_share_nothing() -> None:
    """Apart in x and in y: two negative sides must not multiply to a shared area."""
    assert iou_matrix([(0, 0, 10, 10)], [(10, 0, 20, 10), (15, 15, 25, 25)]).tolist() == [[0.0, 0.0]]


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


def test_sums_shares_and_means_follow_their_formulas() -> None:
    total = Matches(3, 1, 2) + Matches(1, 1, 4)
    assert total == Matches(4, 2, 6)
    assert total.precision == pytest.approx(4 / 6)
    assert total.recall == pytest.approx(4 / 10)
    assert total.f1 == pytest.approx(2 / (6 / 4 + 10 / 4)), "the harmonic mean of the two"


def test_nothing_to_find_and_nothing_found_is_perfect() -> None:
    nothing = Matches(0, 0, 0)
    assert (nothing.f1, nothing.precision, nothing.recall) == (1.0, None, None)


def test_finding_nothing_right_is_worth_nothing() -> None:
    assert [(each.f1, each.precision, each.recall) for each in (Matches(0, 2, 0), Matches(0, 0, 2))] == [
        (0.0, 0.0, None),
        (0.0, None, 0.0),
    ]


def test_matches_from_counts() -> None:
    assert [count_matches(5, 3), count_matches(2, 3)] == [Matches(3, 2, 0), Matches(2, 0, 1)]
