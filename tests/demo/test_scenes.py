import hashlib
import json
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.bodies import BODIES, Body
from demo.canvas import Canvas, Frame
from demo.cars import Car
from demo.errors import DemoError, SceneError
from demo.scenes import (
    DEMO_SCENES,
    DEMO_SEED,
    HEIGHT,
    LEAST_VISIBLE,
    MOST_CARS,
    WIDTH,
    Scene,
    make_scene,
    make_scenes,
    write_scenes,
)

DEMO = Path(__file__).parents[2] / "demo" / "scenes"
SHADOW = (25, 20, 20)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return list(make_scenes(39, seed=501))


def test_a_scene_is_a_colour_picture_of_640_by_480(scenes: list[Scene]) -> None:
    assert {scene.image.shape for scene in scenes} == {(480, 640, 3)}
    assert {scene.image.dtype for scene in scenes} == {np.dtype(np.uint8)}
    assert min(scene.image.std() for scene in scenes) > 10


def test_the_same_seed_gives_the_same_scene_and_another_gives_another() -> None:
    first, again, other = make_scene(7), make_scene(7), make_scene(8)
    assert np.array_equal(first.image, again.image)
    assert first.boxes == again.boxes
    assert not np.array_equal(first.image, other.image)


def test_a_generator_gives_one_scene_after_another() -> None:
    rng = np.random.default_rng(7)
    first, second = make_scene(rng), make_scene(rng)
    assert np.array_equal(first.image, make_scene(7).image)
    assert not np.array_equal(first.image, second.image)


def test_every_number_of_cars_from_0_to_12_occurs_equally_often(scenes: list[Scene]) -> None:
    assert sorted(len(scene.boxes) for scene in scenes) == sorted(list(range(13)) * 3)


def test_scenes_of_another_seed_share_no_picture(scenes: list[Scene]) -> None:
    def prints(some: list[Scene]) -> set[str]:
        return {hashlib.sha256(scene.image.tobytes()).hexdigest() for scene in some}

    assert len(prints(scenes)) == len(scenes)
    assert not prints(scenes) & prints(list(make_scenes(13, seed=502)))


@pytest.mark.parametrize("cars", [0, 1, MOST_CARS])
def test_a_scene_holds_as_many_cars_as_asked_for(cars: int) -> None:
    assert len(make_scene(3, cars).boxes) == cars


@pytest.mark.parametrize("cars", [-1, MOST_CARS + 1])
def test_a_number_of_cars_that_no_street_shows_is_refused(cars: int) -> None:
    with pytest.raises(SceneError, match="0 to 12 cars") as refusal:
        make_scene(3, cars)
    assert isinstance(refusal.value, DemoError)


def test_boxes_have_an_area_and_lie_inside_the_picture(scenes: list[Scene]) -> None:
    boxes = np.array([box for scene in scenes for box in scene.boxes])
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2] <= WIDTH).all()
    assert (boxes[:, 3] <= HEIGHT).all()
    assert (boxes[:, 2:] - boxes[:, :2] >= 8).all()


def test_some_cars_are_partly_hidden_and_some_wholly_seen(scenes: list[Scene]) -> None:
    visible = [share for scene in scenes for share in scene.visible]
    assert LEAST_VISIBLE <= min(visible) < 0.7
    assert max(visible) == 1


def test_no_car_is_buried_under_the_boxes_of_nearer_cars(scenes: list[Scene]) -> None:
    for scene in scenes:
        for index, box in enumerate(scene.boxes):
            assert uncovered(box, scene.boxes[index + 1 :]) > 0.25


def uncovered(box: tuple[int, ...], nearer: tuple[tuple[int, ...], ...]) -> float:
    """Share of a box that is outside all the others."""
    plane = np.zeros((HEIGHT, WIDTH), dtype=bool)
    plane[box[1] : box[3], box[0] : box[2]] = True
    whole = plane.sum()
    for x1, y1, x2, y2 in nearer:
        plane[y1:y2, x1:x2] = False
    return float(plane.sum() / whole)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name)
def test_a_box_holds_just_the_pixels_of_its_car(body: Body, mirrored: bool) -> None:
    canvas = Canvas(WIDTH, HEIGHT)
    canvas.picture[:] = SHADOW  # so that the car's shadow leaves no trace
    canvas.owner = 1
    car = Car(body, body.length[1], body.height[1], (60, 200, 240), (60, 200, 240), "")
    car.draw(Frame(canvas, 300, 300, 40, mirrored))
    seen = np.abs(canvas.finished().astype(int) - SHADOW).max(axis=2) > 3
    difference = np.subtract(extent(seen), extent(canvas.owners == 1))
    assert np.abs(difference).max() <= 1


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_writing_scenes_gives_pictures_and_a_manifest_relative_to_it(tmp_path: Path) -> None:
    manifest = write_scenes(tmp_path / "new", 3, seed=11)
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    assert manifest == tmp_path / "new" / "manifest.json"
    assert [entry["image_path"] for entry in entries] == [f"images/00{i}.jpg" for i in range(3)]
    for entry, scene in zip(entries, make_scenes(3, seed=11), strict=True):
        assert entry["car_count"] == len(entry["boxes"]) == len(scene.boxes)
        picture = cv2.imread(str(manifest.parent / entry["image_path"]))
        assert picture is not None
        assert np.abs(picture.astype(int) - scene.image).mean() < 5


def test_the_committed_scenes_are_what_the_generator_makes(tmp_path: Path) -> None:
    manifest = write_scenes(tmp_path, DEMO_SCENES, DEMO_SEED)
    assert manifest.read_text(encoding="utf-8") == (DEMO / "manifest.json").read_text(encoding="utf-8")
    for path in sorted((tmp_path / "images").iterdir()):
        new, committed = cv2.imread(str(path)), cv2.imread(str(DEMO / "images" / path.name))
        assert new is not None
        assert committed is not None
        assert np.abs(new.astype(int) - committed).mean() < 1  # another CPU may round otherwise


def test_the_committed_scenes_are_small_and_show_every_number_of_cars() -> None:
    entries = json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
    assert sum(path.stat().st_size for path in DEMO.rglob("*.*") if path.is_file()) < 1_500_000
    assert {entry["car_count"] for entry in entries} == set(range(13))


def test_a_description_says_how_many_cars_there_are() -> None:
    texts = {len(scene.boxes): scene.description for scene in islice(make_scenes(13, 5), 13)}
    assert texts[0].startswith("No car ")
    assert texts[1].startswith("One car ")
    assert texts[12].startswith("12 cars ")
