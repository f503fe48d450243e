"""Average precision as COCO defines it, by faster-coco-eval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.detection import Box, Detection

_CAR = 1  # the one category; ids start at 1, since COCO reads 0 as "no match"


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Both 0–1, or None where there is no car to find in any image, so that no precision is defined."""

    #: At IoU 0.5.
    ap50: float | None
    #: Mean over IoU 0.5, 0.55, … 0.95.
    ap50_95: float | None


def average_precision(
    detections: Sequence[Sequence[Detection]],
    boxes: Sequence[Sequence[Box]],
    sizes: Sequence[tuple[int, int]],
) -> AveragePrecision:
    """AP over all images, one class, at most 100 detections an image.

    `detections` must hold those of low score too; `sizes` are (width, height) in pixels.
    """
    if not any(boxes):
        return AveragePrecision(None, None)
    if not any(detections):
        return AveragePrecision(0.0, 0.0)
    stats = _evaluate(_ground_truth(boxes, sizes), _results(detections))
    return AveragePrecision(ap50=float(stats[1]), ap50_95=float(stats[0]))


def _evaluate(truth: dict[str, Any], results: list[dict[str, Any]]) -> Any:
    from faster_coco_eval import COCO, COCOeval_faster

    known = COCO(truth)
    evaluation = COCOeval_faster(known, known.loadRes(results), iouType="bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


def _ground_truth(boxes: Sequence[Sequence[Box]], sizes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    annotations = [
        {"image_id": image, "category_id": _CAR, "iscrowd": 0} | _geometry(box)
        for image, each in enumerate(boxes, start=1)
        for box in each
    ]
    return {
        "info": {},
        "images": [{"id": image, "width": width, "height": height} for image, (width, height) in enumerate(sizes, 1)],
        "annotations": [annotation | {"id": number} for number, annotation in enumerate(annotations, start=1)],
        "categories": [{"id": _CAR, "name": "car"}],
    }


def _results(detections: Sequence[Sequence[Detection]]) -> list[dict[str, Any]]:
    return [
        {"image_id": image, "category_id": _CAR, "score": detection.score} | _geometry(detection.box)
        for image, each in enumerate(detections, start=1)
        for detection in each
    ]


def _geometry(box: Box) -> dict[str, Any]:
    x1, y1, x2, y2 = box
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
