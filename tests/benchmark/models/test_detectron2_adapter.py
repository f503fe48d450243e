"""Run where detectron2 is installed: docs/models.md has the command."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import BadImage, DeviceUnavailable
from benchmark.detection import Detection
from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.messages import Load, Loaded, Reply
from benchmark.model import Image, Model, Query, predict
from benchmark.models.family import Recipe, load_model
from tests.benchmark.models.detectron2_weights import (
    EVERYTHING,
    MODULE,
    NARROW,
    PARAMETERS,
    SIZE,
    load,
    make_detectron2_weights,
    noise,
    package_config,
    random_recipe,
)

pytest.importorskip("detectron2", reason="detectron2 is not installed: docs/models.md has the command")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_detectron2_weights(tmp_path_factory.mktemp("weights"))[0]


@pytest.fixture(scope="module")
def model(weights: Path) -> Model:
    return load(random_recipe(weights))


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
    [ours] = predict(load(random_recipe(weights, overrides=overrides)), [image], EVERYTHING)
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


@pytest.mark.parametrize("device", ["cuda:7", "toaster"])
def test_a_device_that_is_not_there_is_refused(weights: Path, device: str) -> None:
    with pytest.raises(DeviceUnavailable, match=device):
        load(random_recipe(weights), device)


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


@pytest.fixture(scope="module")
def loaded(weights: Path) -> Iterator[tuple[Host, Loaded, set[Path]]]:
    """A Host that has its model, and what has come into the home folder meanwhile."""
    before = files_at_home()
    host = Host("random")
    reply = load_in(host, random_recipe(weights))
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
