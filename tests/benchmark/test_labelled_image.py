from pathlib import Path

import pytest

from benchmark import BadLabel, Box, LabelledImage


def image(count: int, boxes: tuple[Box, ...] | None = None) -> LabelledImage:
    return LabelledImage(Path("x.jpg"), "x.jpg", count, boxes)


def test_an_image_without_cars_is_known_to_have_no_boxes() -> None:
    assert image(0).truth_boxes == ()
    assert image(3).truth_boxes is None
    assert image(1, ((0, 0, 5, 5),)).truth_boxes == ((0, 0, 5, 5),)


@pytest.mark.parametrize("box", [(5, 0, 5, 9), (0, 9, 5, 1), (0, 0, float("nan"), 5), (0, 0, 5)])
def test_a_box_without_area_is_refused_with_the_image_named(box: Box) -> None:
    with pytest.raises(BadLabel, match=r"x\.jpg"):
        image(1, (box,))


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(BadLabel, match="-1"):
        image(-1)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_count_that_contradicts_the_boxes_is_refused(count: int) -> None:
    with pytest.raises(BadLabel, match=rf"x\.jpg: car_count is {count}, but there are 2 boxes"):
        image(count, ((0, 0, 5, 5), (5, 5, 9, 9)))
