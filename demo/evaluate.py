"""AP50 of weights on scenes, by COCO's definition."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from faster_coco_eval import COCO, COCOeval_faster

from demo.scenes import HEIGHT, WIDTH, Scene

LOWEST_SCORE = 0.001  # the curve wants the weak detections too
AP50 = 1  # place in COCOeval's statistics

Row = dict[str, Any]


def ap50(weights: Path, scenes: Iterable[Scene], device: str = "cpu") -> float:
    """Average precision at IoU 0.5 (0-1) of the class car, over all scenes together."""
    from ultralytics.models import YOLO  # late: its import reads settings that callers move

    model = YOLO(weights)
    truth: list[Row] = []
    found: list[Row] = []
    for index, scene in enumerate(scenes):
        truth += [_row(index, box) for box in scene.boxes]
        results: Any = model.predict(scene.image, conf=LOWEST_SCORE, device=device, verbose=False)
        for *corners, score, _ in results[0].boxes.data.tolist():
            found.append({**_row(index, corners), "score": score})
    return _coco_ap50(truth, found) if found else 0.0


def _row(image: int, box: Iterable[float]) -> Row:
    x1, y1, x2, y2 = box
    size = [x2 - x1, y2 - y1]
    area = size[0] * size[1]
    return {"image_id": image, "category_id": 1, "bbox": [x1, y1, *size], "area": area}


def _coco_ap50(truth: list[Row], found: list[Row]) -> float:
    names = {row["image_id"] for row in truth + found}
    cars = COCO(
        {
            "images": [{"id": name, "width": WIDTH, "height": HEIGHT} for name in sorted(names)],
            "annotations": [{**row, "id": i, "iscrowd": 0} for i, row in enumerate(truth, 1)],
            "categories": [{"id": 1, "name": "car"}],
        }
    )
    evaluation = COCOeval_faster(cars, cars.loadRes(found), "bbox", print_function=_silent)
    evaluation.run()
    return float(evaluation.stats[AP50])


def _silent(*_: object) -> None:
    """Keep COCOeval's table off the terminal."""
