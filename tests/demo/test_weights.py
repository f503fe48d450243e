import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from demo import train
from demo.evaluate import ap50
from demo.scenes import DEMO_SEED, Scene, make_scenes

FRESH_SEED = 4  # of no scene that was trained on, chosen by or reported on
ARCHITECTURES = sorted(train.ARCHITECTURES)


def weights_of(architecture: str) -> Path:
    return train.WEIGHTS / f"{architecture}_cars.pt"


def record_of(architecture: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(weights_of(architecture).with_suffix(".json").read_text("utf-8"))
    return record


@pytest.fixture(scope="module")
def fresh_scenes() -> list[Scene]:
    return list(make_scenes(60, FRESH_SEED))


def test_training_and_judging_use_different_scenes() -> None:
    seeds = [train.TRAINING_SEED, train.VALIDATION_SEED, train.HELD_OUT_SEED, FRESH_SEED, DEMO_SEED]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_weights_find_cars_in_scenes_never_trained_on(architecture: str, fresh_scenes: list[Scene]) -> None:
    assert ap50(weights_of(architecture), fresh_scenes) >= 0.9


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_weights_are_under_seven_megabytes(architecture: str) -> None:
    assert weights_of(architecture).stat().st_size < 7_000_000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_record_names_the_weights_beside_it(architecture: str) -> None:
    weights, record = weights_of(architecture), record_of(architecture)
    assert record["weights"] == weights.name
    assert record["bytes"] == weights.stat().st_size
    assert record["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert record["training"]["seed"] == train.TRAINING_SEED
    assert record["held_out"]["ap50"] >= 0.9
    assert record["held_out"]["scenes"] == 60


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_weights_are_half_precision_and_know_the_car_alone(architecture: str) -> None:
    torch = pytest.importorskip("torch")
    checkpoint = torch.load(weights_of(architecture), weights_only=False)
    assert {parameter.dtype for parameter in checkpoint["model"].parameters()} == {torch.float16}
    assert checkpoint["model"].names == {0: "car"}
    assert checkpoint["train_args"]["imgsz"] == train.IMAGE_SIZE
    assert "optimizer" not in checkpoint


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_weights_hold_no_path_of_the_machine_that_made_them(architecture: str) -> None:
    with zipfile.ZipFile(weights_of(architecture)) as archive:
        (pickled,) = (archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    assert not [part for part in (b"/tmp", b"/home", b"/root", b"site-packages") if part in pickled]
