"""What the models made of one image."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agent.report import report_html
from agent.report.picture import MOST_BOXES, Picture, photograph, pictures
from benchmark import Box
from tests.agent.report.rows import Page, result_row


def picture(truth: int, of_a: list[Box], of_b: list[Box]) -> Picture:
    (found,) = pictures([image_row("a", truth, of_a), image_row("b", truth, of_b)], [])
    return found


def image_row(side: str, truth: int, boxes: list[Box], **changes: Any) -> dict[str, Any]:
    return {
        "side": side, "image_index": 0, "image_path": "x.jpg", "truth_count": truth, "predicted_count": len(boxes),
        "detections": [{"box": list(box), "score": 0.5} for box in boxes],
    } | changes  # fmt: skip


LEFT, RIGHT, NEAR_LEFT, HALF_LEFT = (
    (0.0, 0.0, 10.0, 10.0),
    (50.0, 0.0, 60.0, 10.0),
    (1.0, 0.0, 11.0, 10.0),
    (5.0, 0.0, 15.0, 10.0),
)


def test_equal_counts_of_different_cars_are_a_disagreement() -> None:
    assert picture(1, [LEFT], [RIGHT]).disagreement == (0.0, 2)
    assert picture(1, [LEFT], [NEAR_LEFT]).disagreement == (0.0, 0)
    assert picture(1, [LEFT], [HALF_LEFT]).disagreement == (0.0, 2)


def test_a_box_is_paired_once() -> None:
    found = picture(2, [LEFT, NEAR_LEFT], [LEFT])
    assert found.shared == 1
    assert found.alone == {"a": 1, "b": 0}


def test_the_pairs_that_overlap_most_come_first() -> None:
    close, closer = (2.0, 0.0, 12.0, 10.0), (0.5, 0.0, 10.5, 10.0)
    assert picture(2, [LEFT, close], [closer, (3.0, 0.0, 13.0, 10.0)]).shared == 2


@pytest.mark.parametrize(("truth", "found", "accuracy"), [(0, 0, 1.0), (0, 1, 0.0), (4, 3, 0.75), (2, 9, 0.0)])
def test_count_accuracy_is_that_of_the_benchmark(truth: int, found: int, accuracy: float) -> None:
    seen = picture(truth, [LEFT] * found, []).a
    assert seen
    assert seen.accuracy == accuracy


def test_an_image_that_only_one_model_saw_has_no_gain() -> None:
    (found,) = pictures([image_row("a", 1, [LEFT])], [])
    assert found.b is None
    assert found.gain is None
    assert found.alone == {"a": 1, "b": 0}


@pytest.mark.parametrize("box", [None, [], [1, 2, 3], [1, 2, 3, "4"], [1, 2, 3, float("nan")], "1234"])
def test_what_is_no_box_is_left_out(box: Any) -> None:
    (found,) = pictures([image_row("a", 1, [], detections=[{"box": box}, {"box": [1, 2, 3, 4]}, None])], [])
    assert found.a
    assert [each.box for each in found.a.found] == [(1, 2, 3, 4)]


@pytest.mark.parametrize("changes", [{"image_index": -1}, {"image_index": "0"}, {"image_index": True}, {"side": "c"}])
def test_rows_that_belong_to_no_image_are_left_out(changes: dict[str, Any]) -> None:
    assert pictures([image_row("a", 1, []) | changes], []) == []


def boxes(count: int, seed: int, near: list[Box] | None = None) -> list[Box]:
    """Cars all over a large image, or each a little beside one of `near`."""
    random = np.random.default_rng(seed)
    if near is not None:
        return [tuple(each) for each in (np.array(near) + random.normal(0, 6, (count, 4))).tolist()]
    corner = random.uniform(0, 400, (count, 2))
    return [tuple(each) for each in np.hstack([corner, corner + random.uniform(20, 60, (count, 2))]).tolist()]


def pairs_one_by_one(ours: list[Box], theirs: list[Box]) -> int:
    """The plain way: of all pairs that are left, again and again that which overlaps most."""
    left_a, left_b = set(range(len(ours))), set(range(len(theirs)))
    overlap = {(i, j): iou(ours[i], theirs[j]) for i in left_a for j in left_b}
    for i, j in sorted(overlap, key=lambda pair: -overlap[pair]):
        if overlap[i, j] >= 0.5 and i in left_a and j in left_b:
            left_a.remove(i)
            left_b.remove(j)
    return len(ours) - len(left_a)


def iou(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_those_of_the_plain_way(seed: int) -> None:
    ours = boxes(150, seed)
    theirs = boxes(150, seed + 100, near=ours)[:140] + boxes(20, seed + 200)
    shared = picture(1, ours, theirs).shared
    assert shared == pairs_one_by_one(ours, theirs)
    assert 20 < shared < 140


def test_the_best_pair_may_leave_two_others_alone() -> None:
    """Were any pairs taken, there would be two."""
    middle, right = (3.0, 0.0, 13.0, 10.0), (6.0, 0.0, 16.0, 10.0)
    assert picture(2, [LEFT, middle], [(2.9, 0.0, 12.9, 10.0), (-3.0, 0.0, 7.0, 10.0)]).shared == 2
    assert picture(2, [LEFT, middle], [(2.9, 0.0, 12.9, 10.0), right]).shared == 1


def test_half_an_overlap_is_enough() -> None:
    assert picture(1, [LEFT], [(0.0, 0.0, 10.0, 5.0)]).shared == 1
    assert picture(1, [LEFT], [(0.0, 0.0, 10.0, 4.9)]).shared == 0


@pytest.mark.parametrize("box", [(5.0, 5.0, 5.0, 9.0), (9.0, 9.0, 1.0, 1.0), (-1e200, -1e200, 1e200, 1e200)])
def test_a_box_without_a_sensible_area_is_shared_with_none(box: Box) -> None:
    assert picture(1, [box], [box]).shared == 0


def test_boxes_that_are_all_alike_are_paired_once_each() -> None:
    assert picture(1, [LEFT] * 120, [LEFT] * 100).shared == 100


@pytest.mark.timeout(60)
def test_thousands_of_boxes_are_no_matter() -> None:
    """A minute is thirty times what it takes; it would be several, were every pair a step of ours."""
    ours = boxes(3000, 0)
    rows = [image_row(side, 1, ours, image_index=index) for index in range(8) for side in ("a", "b")]
    assert [each.shared for each in pictures(rows, [])] == [3000] * 8


def test_no_more_boxes_are_drawn_than_a_person_can_tell_apart_and_it_says_so() -> None:
    scores = np.random.default_rng(0).permutation(1000) / 1000
    found = [{"box": list(LEFT), "score": float(score)} for score in scores] + [{"box": list(LEFT)}]
    (seen,) = pictures([image_row("a", 1, [], detections=found), image_row("b", 1, [LEFT] * MOST_BOXES)], [])
    drawn = seen.outlines
    assert {each.hint for each in drawn["a"]} == {f"A: confidence {score:.2f}" for score in np.arange(0.7, 1, 0.001)}
    assert [len(drawn[side]) for side in ("a", "b")] == [MOST_BOXES, MOST_BOXES]
    said = photograph(seen).missing
    assert f"Of 1001 boxes of A the {MOST_BOXES} of highest confidence are drawn." in said
    assert "of B" not in said


def test_true_boxes_are_capped_as_well() -> None:
    seen = replace(picture(1, [], []), truth_boxes=(LEFT,) * 301)
    assert len(seen.outlines["truth"]) == MOST_BOXES
    assert "Of 301 true boxes the first 300 are drawn." in photograph(seen).missing


def test_the_page_says_which_boxes_it_leaves_out() -> None:
    row = result_row() | {"image_results": [image_row("a", 1, [LEFT] * 400), image_row("b", 1, [RIGHT])]}
    assert "Of 400 boxes of A the 300 of highest confidence are drawn." in Page(report_html(row)).text


def test_a_point_is_the_car_of_the_box_around_it() -> None:
    inside, outside = (5.0, 5.0, 5.0, 5.0), (25.0, 5.0, 25.0, 5.0)
    assert picture(1, [LEFT], [inside]).shared == picture(1, [inside], [LEFT]).shared == 1
    assert picture(1, [LEFT], [outside]).shared == 0
    assert picture(2, [LEFT], [inside, inside]).shared == 1
