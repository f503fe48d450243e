"""Small Faster R-CNN weights without any training: enough to compare detections with the package's own."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.detection import Detection
from benchmark.model import Image, Model, Query
from benchmark.models.family import Recipe, load_model

CONFIG = "COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml"
CLASS_NAMES = ["auto", "person", "tree"]
#: The same network with few channels: 0.2 M learned values instead of 42 M.
NARROW = {
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 8,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 8,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 16,
    "MODEL.FPN.OUT_CHANNELS": 16,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 32,
    "MODEL.RPN.POST_NMS_TOPK_TEST": 100,
    "INPUT.MIN_SIZE_TEST": 192,
}
MODULE = "benchmark.models.detectron2_adapter"
EVERYTHING = Query(0.05, ("car", "person", "tree"))
SIZE = 320
PARAMETERS: dict[str, Any] = {"config": CONFIG, "class_names": CLASS_NAMES, "overrides": NARROW}


def make_detectron2_weights(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The path of `random.pth` in `folder`, and the `parameters` of a Recipe for it.

    Skips the test where detectron2 is not installed.
    """
    torch = pytest.importorskip("torch")
    network = build_network(torch)
    path = folder / "random.pth"
    torch.save({"model": network.state_dict()}, path)
    return path, PARAMETERS


def random_recipe(weights: Path, **parameters: Any) -> Recipe:
    return Recipe("random", weights, SIZE, {"auto": "car"}, parameters=PARAMETERS | parameters)


def load(recipe: Recipe, device: str = "cpu") -> Model:
    return load_model(MODULE, recipe, device)


def noise(*shape: int) -> Image:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, np.uint8)


def package_config() -> Any:
    """The config as a user of the package would write it."""
    import detectron2
    from detectron2.config import get_cfg

    config = get_cfg()
    config.merge_from_file(str(Path(detectron2.__file__).parent / "model_zoo" / "configs" / CONFIG))
    config.merge_from_list([each for pair in NARROW.items() for each in pair])
    config.MODEL.ROI_HEADS.NUM_CLASSES = len(CLASS_NAMES)
    config.MODEL.DEVICE = "cpu"
    return config


def detectron2_predict(recipe: Recipe, images: Sequence[Image], query: Query) -> list[list[Detection]]:
    """What the package's own model gives for a batch, with our names of classes; `DefaultPredictor` takes one image."""
    import torch
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.data.transforms import ResizeShortestEdge
    from detectron2.modeling import build_model

    config = package_config()
    config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = query.confidence
    network = build_model(config).eval()
    DetectionCheckpointer(network).load(str(recipe.weights))
    resize = ResizeShortestEdge([config.INPUT.MIN_SIZE_TEST] * 2, recipe.input_size)
    inputs = [
        {
            "image": torch.as_tensor(resize.get_transform(each).apply_image(each).astype("float32").transpose(2, 0, 1)),
            "height": each.shape[0],
            "width": each.shape[1],
        }
        for each in images
    ]
    with torch.no_grad():
        found = [each["instances"] for each in network(inputs)]
    names = [recipe.classes.get(name, name) for name in CLASS_NAMES]
    return [
        [
            Detection(tuple(box), score, names[index])
            for box, score, index in zip(
                each.pred_boxes.tensor.tolist(), each.scores.tolist(), each.pred_classes.tolist(), strict=True
            )
            if names[index] in query.classes
        ]
        for each in found
    ]


def build_network(torch: Any) -> Any:
    """A network whose scores are spread over 0–1."""
    pytest.importorskip("detectron2")
    importlib.import_module("benchmark.models.detectron2_adapter")  # silences what the package's first import warns of
    from detectron2.modeling import build_model

    torch.manual_seed(0)
    network = build_model(package_config()).eval()
    rpn, heads = network.proposal_generator.rpn_head, network.roi_heads.box_predictor
    for layer, spread in (
        (rpn.objectness_logits, 2.0),
        (rpn.anchor_deltas, 0.3),
        (heads.cls_score, 2.0),
        (heads.bbox_pred, 1.0),
    ):
        set_spread(torch, network, layer, spread)
    return network


def set_spread(torch: Any, network: Any, layer: Any, spread: float) -> None:
    """Scale a layer so that what it says of noise has that standard deviation."""
    outputs: list[Any] = []
    hook = layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output.flatten()))
    torch.nn.init.normal_(layer.weight)
    with torch.no_grad():
        network([{"image": torch.randint(0, 256, (3, 256, 320)).float()}])
        layer.weight /= torch.cat(outputs).std() / spread
    hook.remove()


def detectron2_learned_values(weights: Path) -> int:
    """All but those of the frozen norms, which are constants."""
    import torch

    tensors = torch.load(weights, weights_only=True)["model"]
    return sum(tensor.numel() for name, tensor in tensors.items() if ".norm." not in name)
