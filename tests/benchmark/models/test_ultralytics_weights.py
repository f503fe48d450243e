"""Weights of the ultralytics package other than the tutorial's: later detectors, other tasks, other class names."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmark import ClassMissing, WeightsUnreadable
from benchmark.box_agreement import box_agreement
from benchmark.model import Image, Query, predict
from benchmark.models.family import Recipe
from tests.benchmark.models.conftest import normalise

pytest.importorskip("ultralytics")

DATA = Path(__file__).parents[4] / "shared" / "data"
QUERY = Query(0.01, ("car", "person", "tree"))


#: Each with a runtime that it is exported to.
ARCHITECTURES = {
    "yolov5n.yaml": "openvino",
    "yolov10n.yaml": "onnx",
    "yolo11n.yaml": "openvino",
    "yolo12n.yaml": "onnx",
    "yolo26n.yaml": "openvino",
}


def random_weights(architecture: str, folder: Path) -> Path:
    """Of 3 classes. Those after YOLOv9 have a second head, which needs no non-maximum suppression."""
    import torch
    import ultralytics

    torch.manual_seed(0)
    yolo = ultralytics.YOLO(architecture, verbose=False)
    network = ultralytics.nn.tasks.DetectionModel(architecture, nc=3, verbose=False)
    network.names = {0: "auto", 1: "person", 2: "tree"}
    normalise(network, torch)
    head = network.model[-1]
    for name in ("cv3", "one2one_cv3"):
        for branch in getattr(head, name, None) or ():
            branch[-1].register_forward_hook(spread)
    with torch.no_grad():
        network(torch.rand(2, 3, 320, 320))
    for module in network.modules():
        module._forward_hooks.clear()
    yolo.model = network
    path = folder / "random.pt"
    yolo.save(path)
    return path


def spread(layer: Any, _inputs: Any, logits: Any) -> None:
    """Let the scores of noise be spread over 0–1, none of them 1: of equal scores, either may come first."""
    scale = 0.7 / logits.std()
    layer.weight.data *= scale
    layer.bias.data = (layer.bias.data - logits.mean()) * scale - 2


@pytest.fixture(scope="module", params=ARCHITECTURES)
def recipe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    folder = tmp_path_factory.mktemp("weights")
    weights = random_weights(request.param, folder)
    return Recipe(request.param, weights, 320, {"auto": "car"}, exports=folder / "exports")


@pytest.fixture(scope="module")
def images() -> list[Image]:
    """Noise as the weights were made for: not resized."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*shape, 3), np.uint8) for shape in [(240, 320), (320, 200), (320, 320)]]


def load(recipe: Recipe) -> Any:
    from benchmark.models.ultralytics_adapter import load

    return load(recipe, "cpu")


def test_detections_are_those_of_the_packages_own_predict(recipe: Recipe, images: list[Image]) -> None:
    from ultralytics import YOLO

    model, yolo = load(recipe), YOLO(recipe.weights)
    for image in images:
        [result] = yolo.predict(image, imgsz=320, conf=QUERY.confidence, device="cpu", verbose=False)
        [ours] = predict(model, [image], QUERY)
        assert [(*each.box, each.score) for each in ours] == [tuple(row[:5]) for row in result.boxes.data.tolist()]
        assert len(ours) > 5
        assert len({each.score for each in ours}) == len(ours)


def test_it_can_be_exported(recipe: Recipe, images: list[Image]) -> None:
    runtime = ARCHITECTURES[recipe.model_id]
    pytest.importorskip({"onnx": "onnxruntime"}.get(runtime, runtime))
    as_torch, exported = load(recipe), load(replace(recipe, runtime=runtime))
    assert exported.info.parameters == as_torch.info.parameters
    found, expected = ([predict(model, [image], QUERY)[0] for image in images] for model in (exported, as_torch))
    agreement = box_agreement(found, expected, QUERY.confidence)
    assert agreement.agrees
    assert agreement.matched > 15
    assert agreement.largest_box_difference_px < 0.5  # measured: up to 0.2, with weights that were never trained


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ("yolov8n-seg.yaml", "a segmentation model"),
        ("yolov8n-cls.yaml", "a classification model"),
        ("yolov8n-pose.yaml", "a pose model"),
        ("yolov8n-obb.yaml", "a rotated box detection model"),
    ],
)
@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_a_model_for_another_task_is_refused(tmp_path: Path, architecture: str, kind: str, runtime: str) -> None:
    from ultralytics import YOLO

    YOLO(architecture, verbose=False).save(tmp_path / "other.pt")
    other = Recipe("mine", tmp_path / "other.pt", 320, {}, runtime=runtime, exports=tmp_path / "exports")
    with pytest.raises(WeightsUnreadable, match=rf"^other\.pt \(mine\) holds {kind}\. What counts cars here"):
        load(other)


def test_classes_that_are_none_of_the_models_are_refused_with_the_line_that_is_missing(yolo_weights: Path) -> None:
    with pytest.raises(ClassMissing) as caught:
        load(Recipe("mine", yolo_weights, 320, {"car": "car", "van": "car"}))
    assert str(caught.value) == (
        "mine knows no class car or van. It knows: auto, person, tree. "
        'Put into its entry in the catalogue which of them is a car: classes = { "auto" = "car" }'
    )


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="the weights are not beside the repository")
@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another module of the name it needs"])
def test_weights_of_the_old_repository_are_told_apart(other: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if other:
        monkeypatch.setitem(sys.modules, "models", ModuleType("models"))
    with pytest.raises(WeightsUnreadable, match=r"old YOLOv5 repository.* cannot be converted: train") as caught:
        load(Recipe("old", DATA / "weights" / "yolov5n.pt", 640, {}))
    assert len(str(caught.value)) < 400


def test_an_exported_model_is_not_taken_for_weights(tmp_path: Path) -> None:
    (tmp_path / "yolo.onnx").write_bytes(b"exported")
    with pytest.raises(WeightsUnreadable, match=r"not a \.pt file.*name the runtime: mine@onnx"):
        load(Recipe("mine", tmp_path / "yolo.onnx", 640, {}))
