"""Scene: a drawn street with its cars and their boxes; the same for the same seed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from demo.canvas import Canvas, Frame, Image
from demo.errors import SceneError
from demo.props import ON_NEAR_PAVEMENT
from demo.street import Street, draw_street, make_street
from demo.traffic import Placed, fill_lanes
from demo.weather import expose

WIDTH, HEIGHT = 640, 480  # pixels
MOST_CARS = 12
LEAST_VISIBLE = 0.45  # share of a car's own pixels
ATTEMPTS = 200  # streets tried for one scene
DEMO_SEED, DEMO_SCENES = 2027, 24  # what lies in demo/scenes
JPEG_QUALITY = 84

Box = tuple[int, int, int, int]
Seed = int | Sequence[int]


@dataclass(frozen=True)
class Scene:
    """One picture and its truth.

    ``image`` is uint8 BGR of shape (480, 640, 3); ``boxes`` are the visible extents of the cars,
    (x1, y1, x2, y2) in pixels, x2 and y2 exclusive, the farthest car first; ``visible`` is the
    share of each car that can be seen (0.45-1).
    """

    image: Image
    boxes: tuple[Box, ...]
    visible: tuple[float, ...]
    description: str


def make_scene(seed: Seed | np.random.Generator, cars: int | None = None) -> Scene:
    """Draw a scene with this many cars (0 to 12; None: any number of them, equally likely).

    Raises:
        SceneError: fewer or more cars than a street can show.
    """
    rng = np.random.default_rng(seed)
    wanted = int(rng.integers(MOST_CARS + 1)) if cars is None else cars
    if not 0 <= wanted <= MOST_CARS:
        raise SceneError
    scenes = (_try_scene(wanted, rng) for _ in range(ATTEMPTS))
    scene = next((scene for scene in scenes if scene), None)
    if scene is None:
        raise SceneError(f"No street with {wanted} cars came out of {ATTEMPTS} attempts.")
    return scene


def _try_scene(cars: int, rng: np.random.Generator) -> Scene | None:
    """Draw a scene; None where a car found no place or too much of one is hidden."""
    street = make_street(rng, WIDTH, HEIGHT, lanes=_lanes_for(cars, rng))
    traffic = fill_lanes(street, cars, rng)
    if sum(placed.is_car for placed in traffic) < cars:
        return None
    scene = _paint(street, traffic, rng)
    all_seen = len(scene.boxes) == cars and min(scene.visible, default=1) >= LEAST_VISIBLE
    return scene if all_seen else None


def write_scenes(folder: Path, count: int, seed: int) -> Path:
    """Write ``images/000.jpg`` … and ``manifest.json`` into a folder; returns the manifest's path.

    Every number of cars from 0 to 12 comes equally often, in random order.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    entries = [_write_scene(folder, index, scene) for index, scene in enumerate(make_scenes(count, seed))]
    manifest = folder / "manifest.json"
    rows = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
    manifest.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    return manifest


def make_scenes(count: int, seed: int) -> Iterator[Scene]:
    """Draw ``count`` scenes in which every number of cars comes equally often.

    Another seed gives other scenes throughout: each is drawn from the pair (seed, index).
    """
    counts = np.resize(np.arange(MOST_CARS + 1), count)
    np.random.default_rng(seed).shuffle(counts)
    for index, cars in enumerate(counts):
        yield make_scene((seed, index), int(cars))


def _write_scene(folder: Path, index: int, scene: Scene) -> dict[str, Any]:
    path = f"images/{index:03d}.jpg"
    cv2.imwrite(str(folder / path), scene.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return {
        "image_path": path,
        "car_count": len(scene.boxes),
        "description": scene.description,
        "boxes": [list(box) for box in scene.boxes],
    }


def _lanes_for(cars: int, rng: np.random.Generator) -> int:
    fewest = 2 if cars < 5 else 3 if cars < 9 else 4
    return int(rng.integers(fewest, 5))


def _paint(street: Street, traffic: list[Placed], rng: np.random.Generator) -> Scene:
    canvas = Canvas(WIDTH, HEIGHT)
    draw_street(canvas, street, rng)
    areas: list[float] = []
    for placed in traffic:
        canvas.owner = len(areas) + 1 if placed.is_car else 0
        placed.draw(canvas, rng)
        if placed.is_car:
            areas.append(_whole_area(canvas, placed))
    canvas.owner = 0
    _draw_near_pavement(canvas, street, rng)
    return _labelled(canvas, street, areas, rng)


def _whole_area(canvas: Canvas, placed: Placed) -> float:
    """Pixels that the car would show if nothing hid it and the picture had no edge."""
    inside = min(placed.right, WIDTH) - max(placed.left, 0)
    return float((canvas.owners == canvas.owner).sum()) * (placed.right - placed.left) / inside


def _draw_near_pavement(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(0, 5)):
        y = rng.uniform(street.near_kerb + 12, HEIGHT + 10)
        prop = ON_NEAR_PAVEMENT[rng.integers(len(ON_NEAR_PAVEMENT))]
        x = rng.uniform(0, WIDTH)
        prop(Frame(canvas, x, y, street.scale(y), bool(rng.random() < 0.5)), rng)


def _labelled(canvas: Canvas, street: Street, areas: list[float], rng: np.random.Generator) -> Scene:
    boxes, visible = [], []
    for owner, area in enumerate(areas, start=1):
        rows, columns = np.nonzero(canvas.owners == owner)
        if rows.size:
            x1, y1, x2, y2 = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            boxes.append((int(x1), int(y1), int(x2), int(y2)))
            visible.append(min(1.0, rows.size / area))
    description = f"{_counted(len(boxes))} {_PLACES[street.district]} {street.light.name}"
    return Scene(expose(canvas, street.light, rng), tuple(boxes), tuple(visible), description)


_PLACES = {"town": "in a town street", "suburb": "in a suburb", "park": "by a park"}


def _counted(cars: int) -> str:
    return {0: "No car", 1: "One car"}.get(cars, f"{cars} cars")
