"""What the models made of one image."""

from typing import Any

import pytest

from agent.report.picture import Picture, pictures
from benchmark import Box


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
