import contextlib
import io
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from benchmark import Box, Detection
from benchmark.metrics.average_precision import average_precision

Found = list[tuple[Box, float]]
Scenes = list[tuple[Found, list[Box]]]

WIDTH = HEIGHT = 200
corner, side = st.floats(0, 60), st.floats(2, 120)
boxes_strategy = st.tuples(corner, corner, side, side).map(lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3]))
shift = st.floats(-3, 3)


@st.composite
def scene(draw: st.DrawFn) -> tuple[Found, list[Box]]:
    """Cars, and detections of which some are near a car."""
    boxes = draw(st.lists(boxes_strategy, max_size=5))
    near = [
        (x1 + draw(shift), y1 + draw(shift), x2 + draw(shift) + 3, y2 + draw(shift) + 3) for x1, y1, x2, y2 in boxes
    ]
    candidates = near + draw(st.lists(boxes_strategy, max_size=3))
    return [(box, draw(st.floats(0.001, 1))) for box in candidates], boxes


#: Slivers without area, whole images, boxes on each edge and beyond it.
odd_boxes: list[Box] = [
    (0, 0, 0, 0),
    (5, 5, 5, 40),
    (5, 5, 40, 5.000001),
    (0, 0, WIDTH, HEIGHT),
    (0, 60, 30, 90),
    (WIDTH - 30, 60, WIDTH, 90),
    (60, 0, 90, 30),
    (60, HEIGHT - 30, 90, HEIGHT),
    (-0.7, -0.7, 20, 20),
    (WIDTH - 20, HEIGHT - 20, WIDTH + 0.7, HEIGHT + 0.7),
]


@st.composite
def odd_scene(draw: st.DrawFn) -> tuple[Found, list[Box]]:
    """Odd boxes, the same ones again, and scores of which many are equal; often with nothing to find."""
    box = st.sampled_from(odd_boxes) | boxes_strategy
    boxes = draw(st.lists(box, max_size=4))
    candidates = draw(st.lists(st.sampled_from(boxes) | box if boxes else box, max_size=6))
    return [(each, draw(st.sampled_from([0.001, 0.25, 0.5, 1.0]))) for each in candidates], boxes


@st.composite
def crowded_scene(draw: st.DrawFn) -> tuple[Found, list[Box]]:
    """More than a hundred detections, most of them at the same few places."""
    boxes = draw(st.lists(boxes_strategy, min_size=1, max_size=6))
    random = draw(st.randoms(use_true_random=False))
    count = draw(st.integers(95, 140))
    places = boxes + draw(st.lists(boxes_strategy, max_size=3))
    return [(_shaken(random.choice(places), random), random.random()) for _ in range(count)], boxes


def _shaken(box: Box, random: Random) -> Box:
    x1, y1, x2, y2 = box
    return (x1 + random.uniform(-1, 1), y1 + random.uniform(-1, 1), x2 + 2, y2 + 2)


def reference(scenes: Scenes) -> tuple[float, float]:
    """AP50 and AP by pycocotools."""
    truth, results = COCO(), []
    annotations: list[dict[str, Any]] = []
    for image, (found, boxes) in enumerate(scenes, start=1):
        for x1, y1, x2, y2 in boxes:
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
            annotations.append(box | {"id": len(annotations) + 1, "image_id": image, "category_id": 1, "iscrowd": 0})
        results += [
            {"image_id": image, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": score}
            for (x1, y1, x2, y2), score in found
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(1, len(scenes) + 1)],
            "annotations": annotations,
            "categories": [{"id": 1, "name": "car"}],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1]), float(evaluation.stats[0])


def ours(scenes: Scenes) -> tuple[float | None, float | None]:
    detections = [[Detection(box, score, "car") for box, score in found] for found, _ in scenes]
    result = average_precision(detections, [boxes for _, boxes in scenes], [(WIDTH, HEIGHT)] * len(scenes))
    return result.ap50, result.ap50_95


def defined(scenes: Scenes) -> bool:
    """Whether pycocotools has an answer: it gives −1 without cars and stumbles over no detections at all."""
    return any(found for found, _ in scenes) and any(boxes for _, boxes in scenes)


@settings(deadline=None, max_examples=40)
@given(st.lists(scene(), min_size=1, max_size=5).filter(defined))
def test_it_equals_pycocotools(scenes: Scenes) -> None:
    assert ours(scenes) == pytest.approx(reference(scenes), abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(st.lists(odd_scene(), min_size=1, max_size=5).filter(defined))
def test_it_equals_pycocotools_on_slivers_edges_copies_and_equal_scores(scenes: Scenes) -> None:
    """The definition leaves the order of equal scores open; both take images and detections in the order given."""
    assert ours(scenes) == pytest.approx(reference(scenes), abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.lists(crowded_scene() | odd_scene(), min_size=1, max_size=3).filter(defined))
def test_it_equals_pycocotools_in_crowds(scenes: Scenes) -> None:
    assert ours(scenes) == pytest.approx(reference(scenes), abs=1e-6)


def test_false_alarms_on_images_without_cars_lower_it() -> None:
    car: Box = (10, 10, 50, 50)
    alone: Scenes = [([(car, 0.5)], [car])]
    assert ours(alone) == (1.0, 1.0)
    assert ours([*alone, ([(car, 0.9)], [])]) == pytest.approx((0.5, 0.5))


def test_a_box_that_is_a_little_off_counts_for_the_lower_thresholds_only() -> None:
    """Three quarters of the car: found at IoU 0.5 … 0.75, six of the ten thresholds."""
    scenes: Scenes = [([((0, 0, 100, 75), 0.9)], [(0, 0, 100, 100)])]
    assert ours(scenes) == pytest.approx((1.0, 0.6))


def test_more_than_a_hundred_detections_are_cut_as_coco_cuts_them() -> None:
    boxes: list[Box] = [(float(10 * n), 0.0, 10.0 * n + 8, 8.0) for n in range(130)]
    scenes: Scenes = [([(box, 0.5 + n / 1000) for n, box in enumerate(boxes)], boxes)]
    assert ours(scenes) == pytest.approx(reference(scenes), abs=1e-6)


def test_nothing_found_is_0_and_nothing_to_find_is_undefined() -> None:
    assert ours([([], [(0, 0, 5, 5)])]) == (0.0, 0.0)
    assert ours([([((0, 0, 5, 5), 0.9)], [])]) == (None, None)
