"""YOLO models of the ultralytics package.

Every phase is the package's own: the predictor that `YOLO.predict` drives is driven here phase by phase, so that the
detections are the same, box for box, and each phase can be timed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionPredictor
from ultralytics.utils.checks import check_imgsz

from benchmark.detection import Detection
from benchmark.errors import RuntimeUnavailable, WeightsUnreadable
from benchmark.model import Image, ModelInfo, Query
from benchmark.models.family import Recipe
from benchmark.models.runtime import TORCH
from benchmark.models.torch_device import torch_device

#: Overlap above which two boxes of a class are one car; the default of `YOLO.predict`.
NMS_IOU = 0.7

#: Modules that weights of the old repository ask for.
_OLD_REPOSITORY = ("models.yolo", "models.common")


class YoloModel:
    """A loaded YOLO detection model."""

    def __init__(self, predictor: Any, recipe: Recipe) -> None:
        self._predictor = predictor
        self._names = {index: recipe.classes.get(name, name) for index, name in predictor.model.names.items()}
        parameters = list(predictor.model.backend.model.parameters())
        self.info = ModelInfo(
            parameters=sum(each.numel() for each in parameters),
            precision="fp16" if predictor.model.fp16 else "fp32",
            device=str(predictor.device),
            class_names=tuple(self._names.values()),
            input_size=recipe.input_size,
            nms_iou=NMS_IOU,
        )

    def preprocess(self, images: Sequence[Image]) -> torch.Tensor:
        """Letterboxed, RGB, 0–1, shape (batch, 3, height, width)."""
        with torch.inference_mode():
            tensor: torch.Tensor = self._predictor.preprocess(list(images))
            return tensor

    def infer(self, inputs: torch.Tensor) -> Any:
        """Raw output of the network."""
        with torch.inference_mode():
            return self._predictor.model(inputs)

    def postprocess(
        self, outputs: Any, inputs: torch.Tensor, images: Sequence[Image], query: Query
    ) -> list[list[Detection]]:
        """Non-maximum suppression, then boxes scaled to the original images."""
        self._predictor.args.conf = query.confidence
        self._predictor.args.classes = [index for index, name in self._names.items() if name in query.classes]
        self._predictor.batch = ([""] * len(images), list(images), [""] * len(images))
        with torch.inference_mode():
            results = self._predictor.postprocess(outputs, inputs, list(images))
            return [self._detections(result.boxes.data) for result in results]

    def _detections(self, rows: torch.Tensor) -> list[Detection]:
        """From rows of x1, y1, x2, y2, score, class."""
        return [
            Detection((x1, y1, x2, y2), score, self._names[int(index)])
            for x1, y1, x2, y2, score, index in rows.tolist()
        ]

    def synchronize(self) -> None:
        """Wait for the GPU."""
        if self._predictor.device.type == "cuda":
            torch.cuda.synchronize(self._predictor.device)


def load(recipe: Recipe, device: str) -> YoloModel:
    """Load detection weights of the ultralytics package.

    Raises WeightsUnreadable, DeviceUnavailable or RuntimeUnavailable.
    """
    if recipe.runtime != TORCH:
        raise RuntimeUnavailable(f"{recipe.model_id} cannot run yet: this version runs YOLO by {TORCH} alone.")
    chosen = torch_device(device)
    predictor = DetectionPredictor(
        overrides={
            "task": "detect",
            "mode": "predict",
            "imgsz": recipe.input_size,
            "device": str(chosen),
            "iou": NMS_IOU,
            "rect": True,
            "save": False,
            "verbose": False,
        }
    )
    with _readable_weights(recipe), _neutral_name(recipe.weights) as weights:
        predictor.setup_model(str(weights), verbose=False)
    _prepare(predictor, recipe)
    return YoloModel(predictor, recipe)


def _prepare(predictor: Any, recipe: Recipe) -> None:
    """What `stream_inference` does before its first image."""
    if predictor.model.end2end:
        predictor.model.model.set_head_attr(max_det=predictor.args.max_det, agnostic_nms=predictor.args.agnostic_nms)
    predictor.imgsz = check_imgsz(recipe.input_size, stride=predictor.model.stride, min_dim=2)


@contextmanager
def _neutral_name(weights: Path) -> Iterator[Path]:
    """The same file under a name that says nothing.

    The package takes names of published weights as a wish: of `yolov5n.pt` it makes `yolov5nu.pt`, searches for that
    and downloads it, and would so open another file than the one whose hash was checked.
    """
    with TemporaryDirectory() as folder:
        link = Path(folder) / f"weights{weights.suffix}"
        link.symlink_to(weights.absolute())
        yield link


@contextmanager
def _readable_weights(recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise WeightsUnreadable(_explain(recipe, error)) from error


def _explain(recipe: Recipe, error: Exception) -> str:
    name, reason = f"{recipe.weights.name} ({recipe.model_id})", error.__cause__ or error
    if any(module in str(reason) for module in _OLD_REPOSITORY):
        return (
            f"{name} comes from the old YOLOv5 repository, which the ultralytics package cannot open. "
            "Train or download the model with that package instead; the names of its YOLOv5 weights end in `u`."
        )
    # The package's own message names a path and a model of its own; the reason behind it is what helps.
    return f"{name} cannot be opened as YOLO detection weights ({type(reason).__name__}: {str(reason)[:120]})."
