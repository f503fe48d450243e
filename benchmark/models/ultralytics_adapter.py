"""YOLO models of the ultralytics package.

Every phase is the package's own: the predictor that `YOLO.predict` drives is driven here phase by phase, so that the
detections are the same, box for box, and each phase can be timed.
"""

from collections.abc import Sequence
from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionPredictor
from ultralytics.utils.checks import check_imgsz

from benchmark.detection import Detection
from benchmark.model import Image, ModelInfo, Query
from benchmark.models.bgr import as_bgr
from benchmark.models.family import Recipe
from benchmark.models.torch_device import torch_device
from benchmark.models.ultralytics_network import Network, open_network
from benchmark.models.ultralytics_weights import require_classes

#: Overlap above which two boxes of a class are one car; the default of `YOLO.predict`.
NMS_IOU = 0.7


class YoloModel:
    """A loaded YOLO detection model."""

    def __init__(self, predictor: Any, network: Network, recipe: Recipe) -> None:
        self._predictor = predictor
        self._network = network
        self._names = {index: recipe.classes.get(name, name) for index, name in predictor.model.names.items()}
        self.info = ModelInfo(
            parameters=network.parameters,
            precision="fp16" if predictor.model.fp16 else "fp32",
            device=str(predictor.device),
            class_names=tuple(self._names.values()),
            input_size=recipe.input_size,
            nms_iou=NMS_IOU,
            runtime=recipe.runtime,
            runtime_version=network.version,
            export_s=network.export_s,
            exporting_s=network.exporting_s,
        )

    def preprocess(self, images: Sequence[Image]) -> torch.Tensor:
        """Letterboxed, RGB, 0–1, shape (batch, 3, height, width).

        Raises BadImage.
        """
        with torch.inference_mode():
            tensor: torch.Tensor = self._predictor.preprocess([as_bgr(image) for image in images])
            return tensor

    def infer(self, inputs: torch.Tensor) -> Any:
        """Raw output of the network."""
        most = self._network.most_images
        with torch.inference_mode():
            if most is None or len(inputs) <= most:
                return self._predictor.model(inputs)
            # It writes each output to the same place.
            return torch.cat([self._predictor.model(part).clone() for part in torch.split(inputs, most)])

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
    """Load detection weights of the ultralytics package, in the runtime that the recipe names.

    Raises WeightsUnreadable, ClassMissing, DeviceUnavailable, RuntimeUnavailable or ExportFailed.
    """
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
    network = open_network(recipe, chosen, any_device=device == "auto")
    require_classes(recipe.model_id, tuple(network.backend.names.values()), recipe.classes)
    predictor.model, predictor.device = network.backend, network.backend.device
    _prepare(predictor, recipe)
    return YoloModel(predictor, network, recipe)


def _prepare(predictor: Any, recipe: Recipe) -> None:
    """What `stream_inference` does before its first image."""
    if predictor.model.format == "pt" and predictor.model.end2end:
        predictor.model.model.set_head_attr(max_det=predictor.args.max_det, agnostic_nms=predictor.args.agnostic_nms)
    predictor.imgsz = check_imgsz(recipe.input_size, stride=predictor.model.stride, min_dim=2)
