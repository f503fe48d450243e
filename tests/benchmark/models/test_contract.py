"""What every family promises in every runtime: the predictions. The loading is in test_loading_contract.py."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark import BadImage
from benchmark.decoding.decode import decode
from benchmark.detection import Detection
from benchmark.model import Image, Model, Query, predict
from tests.benchmark.models.alike import unmatched
from tests.benchmark.models.families import Subject


def noise(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


IMAGES = [noise(240, 320, seed) for seed in range(4)]
MIXED = [noise(240, 320), noise(200, 500), noise(641, 333), noise(480, 480), noise(480, 480, 1)]


def found(model: Model, image: Image, query: Query) -> list[Detection]:
    [detections] = predict(model, [image], query)
    return detections


def assert_in_order(detections: Sequence[Detection], image: Image, query: Query) -> None:
    """Whatever the image: within it, surest first, of the wanted classes, above the threshold, in plain numbers."""
    height, width = image.shape[:2]
    for each in detections:
        x1, y1, x2, y2 = each.box
        assert 0 <= x1 <= x2 <= width
        assert 0 <= y1 <= y2 <= height
        assert query.confidence < each.score <= 1
        assert each.label in query.classes
        assert {type(value) for value in (*each.box, each.score)} == {float}
    scores = [each.score for each in detections]
    assert scores == sorted(scores, reverse=True)


def assert_alike(one: list[list[Detection]], other: list[list[Detection]], subject: Subject) -> None:
    """In the same order of images."""
    assert len(one) == len(other)
    for ours, theirs in zip(one, other, strict=True):
        assert unmatched(ours, theirs, subject.box_tolerance, subject.score_tolerance) == []


def test_what_it_finds_is_in_order(model: Model, subject: Subject) -> None:
    for image in MIXED:
        detections = found(model, image, subject.everything)
        assert_in_order(detections, image, subject.everything)
        assert detections, "finds nothing, so this test says nothing"


def test_only_a_model_that_counts_by_boxes_has_boxes_with_area(model: Model, subject: Subject) -> None:
    areas = {
        (x2 - x1) * (y2 - y1) > 0
        for image in MIXED
        for x1, y1, x2, y2 in (each.box for each in found(model, image, subject.everything))
    }
    assert areas == {subject.count_basis == "boxes"}


def test_what_it_finds_is_what_the_librarys_own_front_door_finds(model: Model, subject: Subject) -> None:
    if subject.reference is None:
        pytest.skip("its library finds no cars by itself")
    for image in (*IMAGES, *MIXED):
        ours = predict(model, [image], subject.everything)
        assert_alike(ours, subject.reference(subject.recipe, [image], subject.everything), subject)


def test_a_batch_is_the_images_one_by_one(model: Model, subject: Subject) -> None:
    alone = [found(model, image, subject.everything) for image in IMAGES]
    assert len({tuple(each) for each in alone}) == len(IMAGES)
    for batch in (IMAGES, IMAGES[:3], IMAGES[1:2]):
        first = next(index for index, image in enumerate(IMAGES) if image is batch[0])
        assert_alike(predict(model, batch, subject.everything), alone[first : first + len(batch)], subject)


def test_a_batch_of_different_shapes_is_the_images_one_by_one_or_what_its_library_makes_of_it(
    model: Model, subject: Subject
) -> None:
    together = predict(model, MIXED, subject.everything)
    for detections, image in zip(together, MIXED, strict=True):
        assert_in_order(detections, image, subject.everything)
    if subject.mixed_as_alone:
        assert_alike(together, [found(model, image, subject.everything) for image in MIXED], subject)
    else:
        assert subject.reference
        assert_alike(together, subject.reference(subject.recipe, MIXED, subject.everything), subject)


def test_the_same_image_gives_the_same_whatever_came_between(model: Model, subject: Subject) -> None:
    first = found(model, IMAGES[0], subject.everything)
    predict(model, MIXED, Query(0.99, subject.labels[:1]))
    assert found(model, IMAGES[0], subject.everything) == first


def test_an_image_is_left_as_it_was(model: Model, subject: Subject) -> None:
    images = [each.copy() for each in MIXED]
    predict(model, images, subject.everything)
    assert all(np.array_equal(image, before) for image, before in zip(images, MIXED, strict=True))


def test_a_higher_threshold_keeps_the_surer_ones(model: Model, subject: Subject) -> None:
    detections = found(model, MIXED[3], subject.everything)
    middle = detections[len(detections) // 2].score
    kept = found(model, MIXED[3], Query(middle, subject.labels))
    assert kept == [each for each in detections if each.score > middle]
    assert len(kept) < len(detections)


def test_only_classes_that_were_asked_for_are_found(model: Model, subject: Subject) -> None:
    detections = found(model, MIXED[3], subject.everything)
    for label in subject.labels:
        kept = found(model, MIXED[3], Query(subject.confidence, (label, "no such class")))
        assert kept == [each for each in detections if each.label == label]


def test_a_class_that_it_does_not_know_is_not_found(model: Model, subject: Subject) -> None:
    assert found(model, MIXED[3], Query(subject.confidence, ("no such class",))) == []
    assert found(model, MIXED[3], Query(subject.confidence, ())) == []


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 640, 3), (480, 0), (480, 640, 0)])
def test_an_empty_image_is_refused(model: Model, subject: Subject, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadImage):
        predict(model, [np.zeros(shape, np.uint8)], subject.everything)
    with pytest.raises(BadImage):
        predict(model, [IMAGES[0], np.zeros(shape, np.uint8)], subject.everything)


def test_other_numbers_than_bytes_are_refused(model: Model, subject: Subject) -> None:
    with pytest.raises(BadImage):
        predict(model, [IMAGES[0].astype(np.float32)], subject.everything)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (6000, 8000), (3, 8000), (8000, 3), (1, 8000)], ids=lambda value: str(value)
)
def test_tiny_huge_and_thin_images_are_seen(model: Model, subject: Subject, height: int, width: int) -> None:
    image = noise(height, width)
    assert_in_order(found(model, image, subject.everything), image, subject.everything)


@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_images_are_seen(model: Model, subject: Subject, value: int) -> None:
    image = np.full((300, 400, 3), value, np.uint8)
    assert_in_order(found(model, image, subject.everything), image, subject.everything)


def test_images_that_are_not_contiguous_are_the_same(model: Model, subject: Subject) -> None:
    image = IMAGES[0]
    mirrored = np.ascontiguousarray(image[:, ::-1])
    assert found(model, mirrored[:, ::-1], subject.everything) == found(model, image, subject.everything)


def test_grey_is_the_same_as_grey_in_three_channels(model: Model, subject: Subject) -> None:
    grey = IMAGES[0][..., 2]
    expected = found(model, np.repeat(grey[..., None], 3, axis=2), subject.everything)
    assert found(model, grey, subject.everything) == expected
    assert found(model, grey[..., None], subject.everything) == expected


def test_transparency_changes_nothing(model: Model, subject: Subject) -> None:
    bgra = np.dstack([IMAGES[0], noise(240, 320, 9)[..., 0]])
    assert found(model, bgra, subject.everything) == found(model, IMAGES[0], subject.everything)


def test_colours_matter_in_their_order(model: Model, subject: Subject) -> None:
    swapped = np.ascontiguousarray(IMAGES[0][..., ::-1])
    assert found(model, swapped, subject.everything) != found(model, IMAGES[0], subject.everything)


def test_a_grey_and_a_transparent_file_are_seen_as_their_pixels(model: Model, subject: Subject, tmp_path: Path) -> None:
    grey, bgra = IMAGES[0][..., 2], np.dstack([IMAGES[1], IMAGES[2][..., 2]])
    for name, pixels in (("grey", grey), ("rgba", bgra)):
        path = tmp_path / f"{name}.png"
        assert cv2.imwrite(str(path), pixels)
        decoded = decode(path.read_bytes(), path.name)
        assert decoded.shape == (240, 320, 3)
        assert found(model, decoded, subject.everything) == found(model, pixels, subject.everything)
