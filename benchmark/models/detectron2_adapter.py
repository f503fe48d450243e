"""Faster R-CNN models of the detectron2 package.

Every step is the package's own, in the order of its `GeneralizedRCNN.inference`, so that the detections are those of
its `DefaultPredictor`, box for box; that class takes one image at a time and cannot be timed phase by phase.
"""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmark.detection import Detection
from benchmark.model import Image, ModelInfo, Query
from benchmark.models.bgr import as_bgr
from benchmark.models.family import Recipe
from benchmark.models.torch_device import torch_device

with warnings.catch_warnings():
    # The package still uses it; nothing that is made here is scripted.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
    import detectron2
    from detectron2.data.transforms import ResizeShortestEdge, ResizeTransform
    from detectron2.modeling import build_model, detector_postprocess
    from detectron2.modeling.roi_heads.fast_rcnn import fast_rcnn_inference
    from detectron2.structures import ImageList, Instances

    from benchmark.models.detectron2_config import build_config, class_names
    from benchmark.models.detectron2_weights import load_weights

    # The package asks for grids in a way of which torch warns once in a process: now, and not amid a measurement.
    warnings.filterwarnings("ignore", "torch.meshgrid", UserWarning)
    torch.meshgrid(torch.zeros(1), torch.zeros(1))

# torch notes once that the package asks it in an old way whether the network is being traced. It is not.
logging.getLogger("torch.fx._symbolic_trace").addFilter(lambda record: "is_fx_tracing" not in record.getMessage())


@dataclass(frozen=True, slots=True)
class RawPredictions:
    """What the network says of a batch."""

    #: Of each image, at most 1,000.
    proposals: list[Instances]
    #: For the proposals of all images: scores of the classes and background, (proposals, classes + 1), and how each
    #: class would move the proposal, (proposals, 4 × classes).
    predictions: tuple[torch.Tensor, torch.Tensor]


class Detectron2Model:
    """A loaded Faster R-CNN."""

    def __init__(self, network: Any, config: Any, recipe: Recipe) -> None:
        self._network, self._config = network, config
        self._names = [recipe.classes.get(name, name) for name in class_names(config, recipe)]
        self._box_predictor = network.roi_heads.box_predictor
        self.info = ModelInfo(
            parameters=sum(each.numel() for each in network.parameters()),
            precision="fp32",
            device=str(network.device),
            class_names=tuple(self._names),
            input_size=recipe.input_size,
            nms_iou=self._box_predictor.test_nms_thresh,
            runtime=recipe.runtime,
            runtime_version=f"{torch.__version__}, detectron2 {detectron2.__version__}",
        )

    def preprocess(self, images: Sequence[Image]) -> ImageList:
        """Resized, normalised and padded to one shape (batch, 3, height, width)."""
        with torch.inference_mode():
            batch: ImageList = self._network.preprocess_image([{"image": self._pixels(image)} for image in images])
            return batch

    def _pixels(self, image: Image) -> torch.Tensor:
        """Shape (3, height, width), uint8."""
        pixels, sizes = as_bgr(image), self._config.INPUT
        if sizes.FORMAT == "RGB":
            pixels = pixels[:, :, ::-1]
        height, width = pixels.shape[:2]
        new = ResizeShortestEdge.get_output_shape(height, width, sizes.MIN_SIZE_TEST, sizes.MAX_SIZE_TEST)
        # Of an image that is thousands of times as wide as high, the package would leave no rows.
        resize = ResizeTransform(height, width, max(new[0], 1), max(new[1], 1))
        return torch.from_numpy(np.array(resize.apply_image(pixels).transpose(2, 0, 1), order="C"))

    def infer(self, inputs: ImageList) -> RawPredictions:
        """Backbone, proposals and box head."""
        heads = self._network.roi_heads
        with torch.inference_mode():
            features = self._network.backbone(inputs.tensor)
            proposals, _ = self._network.proposal_generator(inputs, features, None)
            boxes = [each.proposal_boxes for each in proposals]
            regions = heads.box_pooler([features[name] for name in heads.box_in_features], boxes)
            return RawPredictions(proposals, self._box_predictor(heads.box_head(regions)))

    def postprocess(
        self, outputs: RawPredictions, inputs: ImageList, images: Sequence[Image], query: Query
    ) -> list[list[Detection]]:
        """Non-maximum suppression, then boxes scaled to the original images."""
        predictor, raw = self._box_predictor, (outputs.predictions, outputs.proposals)
        with torch.inference_mode():
            found, _ = fast_rcnn_inference(
                predictor.predict_boxes(*raw),
                predictor.predict_probs(*raw),
                inputs.image_sizes,
                query.confidence,
                predictor.test_nms_thresh,
                predictor.test_topk_per_image,
            )
            return [
                self._detections(detector_postprocess(each, *image.shape[:2]), query)
                for each, image in zip(found, images, strict=True)
            ]

    def _detections(self, found: Instances, query: Query) -> list[Detection]:
        rows = zip(found.pred_boxes.tensor.tolist(), found.scores.tolist(), found.pred_classes.tolist(), strict=True)
        return [
            Detection((x1, y1, x2, y2), score, self._names[index])
            for (x1, y1, x2, y2), score, index in rows
            if self._names[index] in query.classes
        ]

    def synchronize(self) -> None:
        """Wait for the GPU."""
        if self._network.device.type == "cuda":
            torch.cuda.synchronize(self._network.device)


def load(recipe: Recipe, device: str) -> Detectron2Model:
    """Load a Faster R-CNN of the detectron2 package.

    Raises WeightsUnreadable, DeviceUnavailable, or BadCatalogue where the entry's parameters are wrong.
    """
    config = build_config(recipe, str(torch_device(device)))
    network = build_model(config).eval()
    load_weights(network, recipe)
    return Detectron2Model(network, config, recipe)
