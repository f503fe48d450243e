"""Run where detectron2 is installed: docs/models.md has the command."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import BadCatalogue, BadImage, DeviceUnavailable, WeightsUnreadable
from benchmark.detection import Detection
from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.messages import Load, Loaded, Reply
from benchmark.model import Image, Model, Query, predict
from benchmark.models.family import Recipe, load_model
from tests.benchmark.models.detectron2_weights import NARROW, PARAMETERS, make_detectron2_weights, package_config

pytest.importorskip("detectron2", reason="detectron2 is not installed: docs/models.md has the command")

MODULE = "benchmark.models.detectron2_adapter"
EVERYTHING = Query(0.05, ("car", "person", "tree"))
SIZE = 320


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_detectron2_weights(tmp_path_factory.mktemp("weights"))[0]


def recipe(weights: Path, **parameters: Any) -> Recipe:
    return Recipe("random", weights, SIZE, {"auto": "car"}, parameters=PARAMETERS | parameters)


def load(recipe: Recipe, device: str = "cpu") -> Model:
    return load_model(MODULE, recipe, device)


@pytest.fixture(scope="module")
def model(weights: Path) -> Model:
    return load(recipe(weights))


@pytest.fixture(scope="module")
def predictor(weights: Path) -> Callable[..., list[tuple[float, ...]]]:
    return package_predictor(weights)


def package_predictor(weights: Path, **changes: Any) -> Callable[..., list[tuple[float, ...]]]:
    """What the package's own front door gives: rows of corners, score and class index."""
    from detectron2.engine import DefaultPredictor

    config = package_config()
    config.MODEL.WEIGHTS, config.INPUT.MAX_SIZE_TEST = str(weights), SIZE
    config.merge_from_list([each for pair in changes.items() for each in pair])
    network = DefaultPredictor(config)

    def predicted(image: Image, confidence: float) -> list[tuple[float, ...]]:
        network.model.roi_heads.box_predictor.test_score_thresh = confidence
        found = network(image)["instances"]
        rows = zip(found.pred_boxes.tensor.tolist(), found.scores.tolist(), found.pred_classes.tolist(), strict=True)
        return [(*box, score, index) for box, score, index in rows]

    return predicted


def noise(*shape: int) -> Image:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, np.uint8)


def rows(detections: list[Detection]) -> list[tuple[float, ...]]:
    return [(*each.box, each.score, ("car", "person", "tree").index(each.label)) for each in detections]


@pytest.mark.parametrize("shape", [(240, 320, 3), (641, 333, 3), (50, 40, 3), (1, 1, 3)])
@pytest.mark.parametrize("confidence", [0.05, 0.5])
def test_detections_are_those_of_the_packages_own_predictor(
    model: Model, predictor: Callable[..., list[tuple[float, ...]]], shape: tuple[int, ...], confidence: float
) -> None:
    image = noise(*shape)
    [ours] = predict(model, [image], replace(EVERYTHING, confidence=confidence))
    assert rows(ours) == predictor(image, confidence)
    assert ours


def test_a_config_of_another_channel_order_is_fed_in_that_order(weights: Path) -> None:
    image, overrides = noise(240, 320, 3), NARROW | {"INPUT.FORMAT": "RGB"}
    [ours] = predict(load(recipe(weights, overrides=overrides)), [image], EVERYTHING)
    assert rows(ours) == package_predictor(weights, **{"INPUT.FORMAT": "RGB"})(image, EVERYTHING.confidence)


def test_a_batch_of_equal_shapes_gives_what_one_by_one_gives(model: Model) -> None:
    images = [noise(200, 300, 3), noise(200, 300, 3)[::-1].copy(), np.zeros((200, 300, 3), np.uint8)]
    together = predict(model, images, EVERYTHING)
    for image, ours in zip(images, together, strict=True):
        [alone] = predict(model, [image], EVERYTHING)
        assert [each.label for each in ours] == [each.label for each in alone]
        np.testing.assert_allclose(rows(ours), rows(alone), atol=1e-2)
    assert rows(together[0]) != rows(together[1])


def test_a_batch_of_different_shapes_keeps_each_images_own_size(model: Model) -> None:
    images = [noise(100, 400, 3), noise(400, 100, 3)]
    for image, ours in zip(images, predict(model, images, EVERYTHING), strict=True):
        corners = np.array([each.box for each in ours])
        height, width = image.shape[:2]
        assert corners[:, :2].min() >= 0
        assert 0.9 * width < corners[:, 2].max() <= width
        assert 0.9 * height < corners[:, 3].max() <= height


def test_boxes_are_in_pixels_of_the_original_image(model: Model) -> None:
    small = noise(60, 80, 3)
    large = small.repeat(20, axis=0).repeat(20, axis=1)
    [ours] = predict(model, [large], EVERYTHING)
    assert max(each.box[2] for each in ours) > 1500
    assert all(x2 <= 1600 and y2 <= 1200 for _, _, x2, y2 in (each.box for each in ours))


def test_only_wanted_classes_are_kept_under_our_names_highest_score_first(
    model: Model, predictor: Callable[..., list[tuple[float, ...]]]
) -> None:
    image = noise(240, 320, 3)
    [ours] = predict(model, [image], Query(0.1, ("car", "tree")))
    assert rows(ours) == [row for row in predictor(image, 0.1) if row[5] != 1]
    assert {each.label for each in ours} == {"car", "tree"}
    assert [each.score for each in ours] == sorted((each.score for each in ours), reverse=True)


def test_it_says_what_it_is(model: Model) -> None:
    import torch

    assert model.info.class_names == ("car", "person", "tree")
    assert (model.info.device, model.info.precision, model.info.count_basis) == ("cpu", "fp32", "boxes")
    assert (model.info.input_size, model.info.nms_iou, model.info.runtime) == (SIZE, 0.5, "torch")
    assert model.info.runtime_version == f"{torch.__version__}, detectron2 0.6"
    assert 250_000 < model.info.parameters < 350_000


def test_without_parameters_it_is_the_zoos_faster_rcnn_with_the_classes_of_coco(weights: Path) -> None:
    from benchmark.models.detectron2_config import build_config, class_names

    plain = replace(recipe(weights), parameters={}, input_size=1333)
    config = build_config(plain, "cpu")
    names = class_names(config, plain)
    assert (len(names), names[2], config.MODEL.ROI_HEADS.NUM_CLASSES) == (80, "car", 80)
    assert (config.MODEL.RESNETS.DEPTH, config.INPUT.MIN_SIZE_TEST, config.INPUT.MAX_SIZE_TEST) == (50, 800, 1333)
    assert config.MODEL.WEIGHTS == ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"konfig": "x"}, "unknown keys konfig; known: config, class_names, overrides"),
        ({"config": "COCO-Detection/none.yaml"}, "config must be a YAML file of detectron2's model zoo"),
        ({"config": "../../../../secret.yaml"}, "config must be a YAML file of detectron2's model zoo"),
        ({"config": "COCO-Detection/fcos_R_50_FPN_1x.py"}, "config must be a YAML file"),
        ({"config": 3}, "config must be a YAML file"),
        ({"class_names": "car"}, "class_names must be a list of names"),
        ({"class_names": []}, "class_names must be a list of names"),
        ({"overrides": ["MODEL.RESNETS.DEPTH"]}, "overrides must be a table"),
        ({"overrides": {"MODEL.RESNETS.DEEP": 18}}, "overrides: MODEL.RESNETS.DEEP = 18 does not fit"),
        ({"overrides": {"MODEL.RESNETS.DEPTH": "deep"}}, "overrides: MODEL.RESNETS.DEPTH = 'deep' does not fit"),
        ({"config": "COCO-Detection/retinanet_R_50_FPN_3x.yaml", "overrides": {}}, "META_ARCHITECTURE is RetinaNet"),
        ({"config": "COCO-Detection/faster_rcnn_R_50_C4_3x.yaml", "overrides": {}}, "ROI_HEADS.NAME is Res5ROIHeads"),
        ({"config": "Misc/cascade_mask_rcnn_R_50_FPN_3x.yaml", "overrides": {}}, "ROI_HEADS.NAME is CascadeROIHeads"),
    ],
)
def test_wrong_parameters_are_refused(weights: Path, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(BadCatalogue, match=r"models\.random\.parameters: .*" + message):
        load(recipe(weights, **parameters))


def changed(weights: Path, path: Path, change: Callable[[dict[str, Any]], None]) -> Recipe:
    """The weights after a change, as a `.pth` file."""
    import torch

    state = torch.load(weights, weights_only=True)["model"]
    change(state)
    torch.save({"model": state}, path)
    return recipe(path)


@pytest.mark.parametrize(
    "name", ["roi_heads.box_predictor.cls_score.weight", "backbone.bottom_up.stem.conv1.norm.running_var"]
)
def test_weights_that_lack_something_are_refused_by_its_name(weights: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(WeightsUnreadable, match=rf"less\.pth \(random\) does not fit .*missing: {name}\."):
        load(changed(weights, tmp_path / "less.pth", lambda state: state.pop(name)))


def test_weights_of_a_deeper_network_are_refused(weights: Path, tmp_path: Path) -> None:
    import torch

    extra = {f"backbone.bottom_up.res4.{block}.conv1.weight": torch.zeros(1) for block in range(6, 23)}
    with pytest.raises(WeightsUnreadable, match=r"too much: backbone\.bottom_up\.res4\.10\.\S+, .* and 14 more"):
        load(changed(weights, tmp_path / "more.pth", lambda state: state.update(extra)))


def test_weights_of_another_number_of_classes_are_refused(weights: Path) -> None:
    with pytest.raises(WeightsUnreadable, match=r"cls_score\.bias is \(4,\), not \(3,\).*`class_names`"):
        load(recipe(weights, class_names=["auto", "person"]))


def test_what_older_files_hold_of_derived_values_is_passed_over(weights: Path, model: Model, tmp_path: Path) -> None:
    import torch

    older = {
        "pixel_mean": torch.zeros(3, 1, 1),
        "proposal_generator.anchor_generator.cell_anchors.0": torch.zeros(3, 4),
    }
    loaded = load(changed(weights, tmp_path / "older.pth", lambda state: state.update(older)))
    assert_equal(loaded, model)


def assert_equal(one: Model, other: Model) -> None:
    image = noise(100, 120, 3)
    [expected] = predict(other, [image], EVERYTHING)
    assert predict(one, [image], EVERYTHING) == [expected]
    assert expected


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pickles_in_the_form_of_the_zoo_are_read(weights: Path, model: Model, tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "zoo.pkl"
    path.write_bytes(pickle.dumps({"model": arrays(weights), "__author__": "Detectron2 Model Zoo"}, protocol))
    assert_equal(load(recipe(path)), model)


def arrays(weights: Path) -> Mapping[str, Any]:
    import torch

    return {name: value.numpy() for name, value in torch.load(weights, weights_only=True)["model"].items()}


def test_safetensors_are_read(weights: Path, model: Model, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(dict(arrays(weights)), tmp_path / "random.safetensors")
    assert_equal(load(recipe(tmp_path / "random.safetensors")), model)


def test_what_the_packages_own_trainer_saves_is_read(weights: Path, model: Model, tmp_path: Path) -> None:
    import torch
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.modeling import build_model

    network = build_model(package_config())
    network.load_state_dict(torch.load(weights, weights_only=True)["model"])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    DetectionCheckpointer(network, str(tmp_path), optimizer=optimizer).save("model_final", iteration=7)
    assert_equal(load(recipe(tmp_path / "model_final.pth")), model)


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"not a model" * 100, b"\x80\x04]\x94.", b"\x80\x04}\x94."])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"junk{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsUnreadable, match=rf"junk{suffix} \(random\) (cannot be opened|does not fit)"):
        load(recipe(path))


@pytest.mark.parametrize("device", ["cuda:7", "toaster"])
def test_a_device_that_is_not_there_is_refused(weights: Path, device: str) -> None:
    with pytest.raises(DeviceUnavailable, match=device):
        load(recipe(weights), device)


def test_a_grey_image_gives_what_its_copy_in_three_channels_gives(model: Model) -> None:
    grey = noise(120, 160)
    [expected] = predict(model, [np.stack([grey] * 3, axis=2)], EVERYTHING)
    for image in (grey, grey[:, :, None]):
        assert predict(model, [image], EVERYTHING) == [expected]
    assert expected


def test_an_empty_image_is_refused(model: Model) -> None:
    with pytest.raises(BadImage, match="no pixels"):
        model.preprocess([np.zeros((0, 10, 3), np.uint8)])


@pytest.mark.parametrize("shape", [(2000, 8000, 3), (1, 8000, 3), (8000, 1, 3)])
def test_an_image_of_8000_pixels_is_seen_at_the_input_size(model: Model, shape: tuple[int, ...]) -> None:
    inputs = model.preprocess([np.zeros(shape, np.uint8)])
    assert max(inputs.image_sizes[0]) == SIZE
    predict(model, [np.zeros(shape, np.uint8)], EVERYTHING)


def load_in(host: Host, recipe: Recipe) -> Reply:
    return ask(host, Load(partial(load_model, MODULE, recipe), "cpu", None), Watch(silence_s=240))


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("suffix", [".pth", ".pkl"])
def test_a_pickle_with_code_in_it_is_not_run(tmp_path: Path, suffix: str) -> None:
    import torch

    bomb = {"model": Bomb(tmp_path / "exploded")}
    for path, save in ((tmp_path / f"torch{suffix}", torch.save), (tmp_path / f"plain{suffix}", dump)):
        save(bomb, path)
        with pytest.raises(WeightsUnreadable, match="cannot be opened"):
            load(recipe(path))
    assert not (tmp_path / "exploded").exists()


def dump(content: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


@pytest.fixture(scope="module")
def loaded(weights: Path) -> Iterator[tuple[Host, Loaded, set[Path]]]:
    """A Host that has its model, and what has come into the home folder meanwhile."""
    before = files_at_home()
    host = Host("random")
    reply = load_in(host, recipe(weights))
    assert isinstance(reply, Loaded)
    yield host, reply, files_at_home() - before
    host.close()


def files_at_home() -> set[Path]:
    """Where the package and what it builds on keep settings and downloads."""
    folders = (".torch", ".cache/torch", ".config/matplotlib", ".cache/matplotlib", ".config/iopath")
    return {each for folder in folders for each in (Path.home() / folder).rglob("*")}


def test_in_a_host_it_leaves_the_home_folder_alone(loaded: tuple[Host, Loaded, set[Path]]) -> None:
    _, reply, new = loaded
    assert reply.model.class_names == ("car", "person", "tree")
    assert new == set()


def test_in_a_host_it_opens_no_socket(loaded: tuple[Host, Loaded, set[Path]]) -> None:
    folder = f"/proc/{loaded[0].pid}/fd"
    descriptors = [os.readlink(f"{folder}/{name}") for name in os.listdir(folder)]
    assert sum(each.startswith("socket:") for each in descriptors) == 1  # the one to its parent


def test_it_says_nothing_of_torchs_deprecations(weights: Path) -> None:
    script = (
        "import numpy\n"
        "from pathlib import Path\n"
        f"from benchmark.models.detectron2_adapter import load\n"
        "from benchmark.models.family import Recipe\n"
        "from benchmark.model import Query, predict\n"
        f"model = load(Recipe('random', Path({str(weights)!r}), 320, {{}}, parameters={PARAMETERS!r}), 'cpu')\n"
        "predict(model, [numpy.zeros((99, 99, 3), numpy.uint8)], Query(0.1, ('auto',)))\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
