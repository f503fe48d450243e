import json
from pathlib import Path

import numpy as np
import pytest

from demo.crops import SmallScene, centre_map, draw_batch, read_scenes
from demo.scenes import write_scenes

SIZE, STRIDE = (128, 96), 16


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[SmallScene]:
    return read_scenes(write_scenes(tmp_path_factory.mktemp("scenes"), 13, seed=701), 320)


def test_a_scene_is_shrunk_with_the_centres_of_its_cars(tmp_path: Path) -> None:
    manifest = write_scenes(tmp_path, 3, seed=702)
    entries = json.loads(manifest.read_text("utf-8"))
    for scene, entry in zip(read_scenes(manifest, 320), entries, strict=True):
        assert scene.image.shape == (240, 320, 3)
        expected = [[(x1 + x2) / 4, (y1 + y2) / 4] for x1, y1, x2, y2 in entry["boxes"]]
        assert scene.centres.tolist() == expected


def test_crops_are_of_one_size_with_a_map_and_a_truth_for_each(scenes: list[SmallScene]) -> None:
    batch = draw_batch(scenes, 40, SIZE, STRIDE, np.random.default_rng(0))
    assert batch.images.shape == (40, 3, 96, 128)
    assert batch.maps.shape == (40, 6, 8)
    assert batch.has_car.shape == (40,)
    assert set(batch.has_car.tolist()) == {0, 1}


def test_a_crop_with_a_centre_in_it_shows_a_car_and_its_blob(scenes: list[SmallScene]) -> None:
    batch = draw_batch(scenes, 200, SIZE, STRIDE, np.random.default_rng(1))
    tops = batch.maps.max(axis=(1, 2))
    # Of a centre in a corner of its position the blob is exp(-0.5 / 1.28) there.
    assert tops[batch.has_car == 1].min() > 0.67
    assert tops[batch.has_car == 0].mean() < 0.3


def test_the_blob_lies_where_the_car_is_drawn_also_in_a_mirrored_crop() -> None:
    """A black scene with one white dot, whose place is its centre."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:102, 200:202] = 255
    dotted = SmallScene(image, np.array([[201.0, 101.0]], np.float32))
    batch = draw_batch([dotted], 60, (160, 128), STRIDE, np.random.default_rng(2))
    seen = 0
    for pixels, blobs, has_car in zip(batch.images, batch.maps, batch.has_car, strict=True):
        light = pixels[0] > pixels[0].min()
        assert light.any() == bool(has_car)
        if has_car and light.sum() == 4:
            row, column = (int(place.mean()) // STRIDE for place in np.nonzero(light))
            assert blobs[row, column] == blobs.max()
            seen += 1
    assert seen > 10


def test_the_same_seed_gives_the_same_crops(scenes: list[SmallScene]) -> None:
    one, again, other = (draw_batch(scenes, 4, SIZE, STRIDE, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one.images, again.images)
    assert not np.array_equal(one.images, other.images)


def test_a_map_has_one_blob_for_each_car_and_none_without() -> None:
    assert centre_map(np.zeros((0, 2), np.float32), SIZE, STRIDE).max() == 0
    blobs = centre_map(np.array([[24.0, 24.0], [104.0, 72.0]], np.float32), SIZE, STRIDE)
    assert [tuple(place) for place in np.argwhere(blobs == 1)] == [(1, 1), (4, 6)]
    assert blobs[1, 2] == pytest.approx(np.exp(-1 / 1.28))
