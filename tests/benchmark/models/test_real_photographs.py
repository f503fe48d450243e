"""Real YOLO weights on real photographs: against the package's own `predict` and `val`, and an independent evaluator.

Our AP of the same detections is that of `yolo val` to within 0.005: both take 101 points, but it draws straight lines
between them and goes down to 0 at the end (a perfect model has 0.995), and COCO takes 100 detections an image, it 300.
The detections of `yolo val` itself are others than those of `YOLO.predict`, which is what a user ships: in `val` each
box is a detection of every class whose score is above the threshold, in `predict` of the best one alone. That adds 0.07
to the AP50 of YOLOv8n on `openimages`, where many a box is a truck first and a car second. Weights that know nothing
but cars are not concerned.
"""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp(prefix="arena-yolo-"))
os.environ.setdefault("YOLO_OFFLINE", "1")

import cv2
import numpy as np
import pytest

pytest.importorskip("ultralytics")

from ultralytics import YOLO
from ultralytics.data.augment import LetterBox
from ultralytics.models.yolo.detect import DetectionValidator
from ultralytics.utils import nms

from benchmark.detection import Box, Detection
from benchmark.metrics.average_precision import AveragePrecision, average_precision
from benchmark.metrics.counts import CountScores, count_scores
from benchmark.model import Image, Query, predict
from benchmark.models.family import Recipe, load_model
from tests.benchmark.models.alike import unmatched

REPOSITORY = Path(__file__).parents[3]
DATA = REPOSITORY.parent / "shared" / "data"
DEMO = REPOSITORY / "demo"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the photographs are not beside the repository")

V8, V5 = "yolov8n_from_int8.pt", "yolov5nu_from_int8.pt"
CAR = 2  # of COCO's 80 classes, as YOLO numbers them
CONFIDENCE, AP_CONFIDENCE, NMS_IOU = 0.25, 0.001, 0.7
AP_TOLERANCE = 0.0051  # 0.005, and what comes of computing it

#: AP50, AP, count accuracy, count MAE: pycocotools on what `YOLO.predict` finds, by someone else.
REFERENCE = {
    (V8, "coco"): (0.338, 0.221, 0.796, 0.92),
    (V8, "manaus"): (0.749, 0.451, 0.725, 2.19),
    (V5, "coco"): (0.338, 0.201, 0.782, 0.96),
    (V5, "manaus"): (0.718, 0.425, 0.680, 2.63),
}


@dataclass(frozen=True)  # no slots, for the cached properties
class Photographs:
    """The first images of a folder with a manifest, and the cars in them."""

    folder: Path
    most: int | None = None

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads((self.folder / "manifest.json").read_text())
        return entries[: self.most]

    @cached_property
    def paths(self) -> list[Path]:
        return [self.folder / each["image_path"] for each in self.entries]

    @cached_property
    def images(self) -> list[Image]:
        return [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in self.paths]

    @cached_property
    def boxes(self) -> list[list[Box]]:
        return [[tuple(box) for box in each["boxes"]] for each in self.entries]

    @cached_property
    def sizes(self) -> list[tuple[int, int]]:
        return [(image.shape[1], image.shape[0]) for image in self.images]

    def average_precision(self, found: Sequence[Sequence[Detection]]) -> AveragePrecision:
        return average_precision(found, self.boxes, self.sizes)

    def counts(self, found: Sequence[Sequence[Detection]]) -> CountScores:
        counted = [sum(each.score > CONFIDENCE for each in of_image) for of_image in found]
        return count_scores(counted, [each["car_count"] for each in self.entries])

    def as_yolo_data(self, folder: Path, names: dict[int, str]) -> Path:
        """The same in the form that `yolo val` reads, in a new folder; returns its YAML."""
        (car,) = (index for index, name in names.items() if name == "car")
        for name in ("images", "labels"):
            (folder / name).mkdir(parents=True)
        for path, boxes, (width, height) in zip(self.paths, self.boxes, self.sizes, strict=True):
            (folder / "images" / path.name).symlink_to(path)
            rows = [
                f"{car} {(x1 + x2) / 2 / width:.9f} {(y1 + y2) / 2 / height:.9f} "
                f"{(x2 - x1) / width:.9f} {(y2 - y1) / height:.9f}\n"
                for x1, y1, x2, y2 in boxes
            ]
            (folder / "labels" / f"{path.stem}.txt").write_text("".join(rows))
        data = {"path": str(folder), "train": "images", "val": "images", "names": names}
        (folder / "data.yaml").write_text(json.dumps(data))  # all JSON is YAML
        return folder / "data.yaml"


@lru_cache
def photographs(name: str, most: int | None = None) -> Photographs:
    return Photographs(DATA / "cars" / name, most)


@lru_cache
def load(weights: Path, input_size: int) -> Any:
    return load_model("benchmark.models.ultralytics_adapter", Recipe(weights.stem, weights, input_size, {}), "cpu")


@lru_cache
def found_by_us(weights: str, name: str, most: int | None = None) -> list[list[Detection]]:
    """As the warm-up of a comparison sees them, one by one, with the scores that AP wants."""
    if most and (weights, name) in REFERENCE:  # all of them are wanted anyway
        return found_by_us(weights, name)[:most]
    model, cars = load(DATA / "weights" / weights, 640), Query(AP_CONFIDENCE, ("car",))
    return [predict(model, [image], cars)[0] for image in photographs(name, most).images]


def found_by_predict(weights: str, images: Sequence[Image], confidence: float) -> list[list[Detection]]:
    arguments = {"imgsz": 640, "conf": confidence, "iou": NMS_IOU, "classes": [CAR], "device": "cpu", "verbose": False}
    yolo = YOLO(DATA / "weights" / weights)
    return [
        [Detection((x1, y1, x2, y2), score, "car") for x1, y1, x2, y2, score, _ in result.boxes.data.tolist()]
        for image in images
        for result in yolo.predict(image, **arguments)
    ]


def assert_the_same(ours: Sequence[Sequence[Detection]], theirs: Sequence[Sequence[Detection]]) -> None:
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert len(one) == len(other), f"image {number}"
        assert unmatched(one, other, box_tolerance=0.01, score_tolerance=1e-4) == [], f"image {number}"


@needs_data
@pytest.mark.data
@pytest.mark.parametrize(
    ("weights", "name", "most", "cars"),
    [
        (V8, "coco", 48, 20),
        (V8, "manaus", 20, 60),
        (V8, "openimages", 20, 15),
        (V5, "coco", 16, 3),
        (V5, "manaus", 10, 20),
    ],
)
def test_detections_are_those_of_predict_box_for_box(weights: str, name: str, most: int, cars: int) -> None:
    images, ours = photographs(name, most).images, found_by_us(weights, name, most)
    assert_the_same(ours, found_by_predict(weights, images, AP_CONFIDENCE))
    counted = [[each for each in found if each.score > CONFIDENCE] for found in ours]
    assert_the_same(counted, found_by_predict(weights, images, CONFIDENCE))
    assert sum(map(len, counted)) >= cars


@needs_data
@pytest.mark.data
@pytest.mark.parametrize(("weights", "name"), REFERENCE)
def test_scores_are_those_of_an_independent_evaluator(weights: str, name: str) -> None:
    ap50, ap, accuracy, mae = REFERENCE[weights, name]
    found = found_by_us(weights, name)
    precision, counts = photographs(name).average_precision(found), photographs(name).counts(found)
    assert precision.ap50 == pytest.approx(ap50, abs=0.005)
    assert precision.ap50_95 == pytest.approx(ap, abs=0.005)
    assert counts.accuracy == pytest.approx(accuracy, abs=0.005)
    assert counts.mae == pytest.approx(mae, abs=0.01)


class WhatPredictFinds(DetectionValidator):  # type: ignore[misc]  # the package has no types
    """`yolo val` on the detections of `YOLO.predict`: letterboxed as there, one class a box, cars alone."""

    def build_dataset(self, *arguments: Any, **more: Any) -> Any:
        dataset = super().build_dataset(*arguments, **more)

        def load_image(index: int, **_: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
            image = cv2.imread(dataset.im_files[index])
            assert image is not None
            return image, image.shape[:2], image.shape[:2]

        dataset.load_image = load_image
        dataset.transforms.transforms[0] = LetterBox((640, 640), auto=True, stride=32)
        return dataset

    def postprocess(self, preds: Any) -> list[dict[str, Any]]:
        rows = nms.non_max_suppression(preds, self.args.conf, self.args.iou, classes=[CAR], max_det=self.args.max_det)
        return [{"bboxes": x[:, :4], "conf": x[:, 4], "cls": x[:, 5], "extra": x[:, 6:]} for x in rows]


@dataclass(frozen=True)
class Validated:
    """What `yolo val` says of class car, and where it left its predictions."""

    ap50: float
    ap: float
    folder: Path

    def found(self, paths: Sequence[Path], category: int) -> list[list[Detection]]:
        """Its predictions of a class, counted from 1, of each image."""
        by_name: dict[str, list[Detection]] = {path.name: [] for path in paths}
        for each in json.loads((self.folder / "predictions.json").read_text()):
            if each["category_id"] == category:
                x, y, width, height = each["bbox"]
                by_name[each["file_name"]].append(Detection((x, y, x + width, y + height), each["score"], "car"))
        return list(by_name.values())


@pytest.fixture
def yolo_val(tmp_path: Path) -> Callable[..., Validated]:
    """Runs `yolo val` of weights on photographs, everything in the folder of the test."""

    def run(weights: Path, images: Photographs, input_size: int = 640, validator: Any = None) -> Validated:
        yolo = YOLO(weights)
        result = yolo.val(
            validator=validator,
            data=str(images.as_yolo_data(tmp_path / "data", yolo.names)),
            imgsz=input_size,
            batch=1,
            rect=False,
            conf=AP_CONFIDENCE,
            iou=NMS_IOU,
            save_json=True,
            plots=False,
            device="cpu",
            verbose=False,
            project=str(tmp_path / "runs"),
        )
        number = [yolo.names[index] for index in result.box.ap_class_index].index("car")
        return Validated(float(result.box.ap50[number]), float(result.box.ap[number]), Path(result.save_dir))

    return run


@needs_data
@pytest.mark.data
@pytest.mark.parametrize(("weights", "name"), REFERENCE)
def test_average_precision_is_that_of_yolo_val_for_what_predict_finds(
    weights: str, name: str, yolo_val: Callable[..., Validated]
) -> None:
    ours = photographs(name).average_precision(found_by_us(weights, name))
    theirs = yolo_val(DATA / "weights" / weights, photographs(name), validator=WhatPredictFinds)
    assert ours.ap50 == pytest.approx(theirs.ap50, abs=AP_TOLERANCE)
    assert ours.ap50_95 == pytest.approx(theirs.ap, abs=AP_TOLERANCE)


@needs_data
@pytest.mark.data
def test_average_precision_of_what_yolo_val_finds_is_its_own(yolo_val: Callable[..., Validated]) -> None:
    images = photographs("openimages", 40)
    theirs = yolo_val(DATA / "weights" / V8, images)
    found = theirs.found(images.paths, CAR + 1)
    ours = images.average_precision(found)
    assert ours.ap50 == pytest.approx(theirs.ap50, abs=AP_TOLERANCE)
    assert ours.ap50_95 == pytest.approx(theirs.ap, abs=AP_TOLERANCE)
    trucks = theirs.found(images.paths, 8)
    twice = [
        {each.box for each in cars} & {each.box for each in of_image}
        for cars, of_image in zip(found, trucks, strict=True)
    ]
    assert sum(map(len, twice)) > 20, "Why it is not the AP of what predict finds: a box may be both car and truck."


@pytest.mark.parametrize("file", ["yolov5n_cars.pt", "yolov8n_cars.pt"])
def test_average_precision_of_weights_that_know_cars_alone_is_that_of_yolo_val_as_it_is(
    file: str, yolo_val: Callable[..., Validated]
) -> None:
    scenes, weights = Photographs(DEMO / "scenes"), DEMO / "weights" / file
    model, cars = load(weights, 320), Query(AP_CONFIDENCE, ("car",))
    ours = scenes.average_precision([predict(model, [image], cars)[0] for image in scenes.images])
    theirs = yolo_val(weights, scenes, input_size=320)
    assert ours.ap50 == pytest.approx(theirs.ap50, abs=AP_TOLERANCE)
    assert ours.ap50_95 == pytest.approx(theirs.ap, abs=AP_TOLERANCE)
