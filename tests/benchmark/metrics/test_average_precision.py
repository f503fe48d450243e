import contextlib
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from benchmark import Box, Detection
from benchmark.metrics.average_precision import average_precision

Found = list[tuple[Box, float]]

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


def reference(scenes: list[tuple[Found, list[Box]]]) -> tuple[float, float]:
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


def ours(scenes: list[tuple[Found, list[Box]]]) -> tuple[float | None, float | None]:
    detections = [[Detection(box, score, "car") for box, score in found] for found, _ in scenes]
    result = average_precision(detections, [boxes for _, boxes in scenes], [(200, 200)] * len(scenes))
    return result.ap50, result.ap50_95


@settings(deadline=None, max_examples=40)
@given(
    st.lists(scene(), min_size=1, max_size=5).filter(
        lambda scenes: any(found for found, _ in scenes) and any(boxes for _, boxes in scenes)
    )
)
def test_it_equals_pycocotools(scenes: list[tuple[Found, list[Box]]]) -> None:
    assert ours(scenes) == pytest.approx(reference(scenes), abs=1e-6)


def test_more_than_a_hundred_detections_are_cut_as_coco_cuts_them() -> None:
    boxes: list[Box] = [(float(10 * n), 0.0, 10.0 * n + 8, 8.0) for n in range(130)]
    scenes: list[tuple[Found, list[Box]]] = [([(box, 0.5 + n / 1000) for n, box in enumerate(boxes)], boxes)]
    assert ours(scenes) == pytest.approx(reference(scenes), abs=1e-6)


def test_nothing_found_is_0_and_nothing_to_find_is_undefined() -> None:
    assert ours([([], [(0, 0, 5, 5)])]) == (0.0, 0.0)
    assert ours([([((0, 0, 5, 5), 0.9)], [])]) == (None, None)
