"""Run where detectron2 is installed: docs/models.md has the command."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmark import WeightsUnreadable
from benchmark.model import Model, predict
from benchmark.models.family import Recipe
from tests.benchmark.models.corruption import Bomb
from tests.benchmark.models.detectron2_weights import (
    EVERYTHING,
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


def changed(weights: Path, path: Path, change: Callable[[dict[str, Any]], None]) -> Recipe:
    """The weights after a change, as a `.pth` file."""
    import torch

    state = torch.load(weights, weights_only=True)["model"]
    change(state)
    torch.save({"model": state}, path)
    return random_recipe(path)


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
        load(random_recipe(weights, class_names=["auto", "person"]))


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
    assert_equal(load(random_recipe(path)), model)


def arrays(weights: Path) -> Mapping[str, Any]:
    import torch

    return {name: value.numpy() for name, value in torch.load(weights, weights_only=True)["model"].items()}


def test_safetensors_are_read(weights: Path, model: Model, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(dict(arrays(weights)), tmp_path / "random.safetensors")
    assert_equal(load(random_recipe(tmp_path / "random.safetensors")), model)


def test_what_the_packages_own_trainer_saves_is_read(weights: Path, model: Model, tmp_path: Path) -> None:
    import torch
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.modeling import build_model

    network = build_model(package_config())
    network.load_state_dict(torch.load(weights, weights_only=True)["model"])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    DetectionCheckpointer(network, str(tmp_path), optimizer=optimizer).save("model_final", iteration=7)
    assert_equal(load(random_recipe(tmp_path / "model_final.pth")), model)


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"not a model" * 100, b"\x80\x04]\x94.", b"\x80\x04}\x94."])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"junk{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsUnreadable, match=rf"junk{suffix} \(random\) (cannot be opened|does not fit)"):
        load(random_recipe(path))


@pytest.mark.parametrize("suffix", [".pth", ".pkl"])
def test_a_pickle_with_code_in_it_is_not_run(tmp_path: Path, suffix: str) -> None:
    import torch

    bomb = {"model": Bomb(tmp_path / "exploded")}
    for path, save in ((tmp_path / f"torch{suffix}", torch.save), (tmp_path / f"plain{suffix}", dump)):
        save(bomb, path)
        with pytest.raises(WeightsUnreadable, match="cannot be opened"):
            load(random_recipe(path))
    assert not (tmp_path / "exploded").exists()


def dump(content: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))
