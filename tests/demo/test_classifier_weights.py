import hashlib
import json
import tomllib
from typing import Any

import pytest

from benchmark import load_catalogue
from benchmark.metrics.counts import count_scores
from benchmark.model import Query, predict
from benchmark.models.family import Recipe, load_model
from demo import train, train_classifier
from demo.scenes import DEMO_SEED, Scene, make_scenes

pytest.importorskip("timm")

FRESH_SEED = 4  # of no scene that was trained on, that set thresholds or was reported on
WEIGHTS = train.WEIGHTS / "efficientnet_b0_cars.safetensors"
CATALOGUE = train.WEIGHTS.parent / "catalogue.toml"
RECORD: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text("utf-8"))


@pytest.fixture(scope="module")
def fresh_scenes() -> list[Scene]:
    return list(make_scenes(39, FRESH_SEED))


@pytest.fixture(scope="module")
def demo_pixels() -> tuple[list[Any], list[int]]:
    """The demo's 24 pictures, and how many cars each shows."""
    import cv2

    folder = train.WEIGHTS.parent / "scenes"
    entries = json.loads((folder / "manifest.json").read_text("utf-8"))
    return [cv2.imread(str(folder / each["image_path"])) for each in entries], [each["car_count"] for each in entries]


def counts(model_id: str, pictures: list[Any]) -> list[int]:
    """As a comparison counts: above the model's own threshold, or 0.25."""
    entry = load_catalogue(CATALOGUE).detector(model_id)
    assert entry.adapter
    assert entry.weights
    weights = entry.folder / entry.weights.file
    recipe = Recipe(entry.id, weights, entry.input_size, dict(entry.classes), parameters=dict(entry.parameters))
    model = load_model(entry.adapter.module, recipe, "cpu")
    confidence = 0.25 if model.info.confidence is None else model.info.confidence
    return [len(predict(model, [each], Query(confidence, ("car",)))[0]) for each in pictures]


def test_training_calibrating_and_judging_use_different_scenes() -> None:
    seeds = [train.TRAINING_SEED, train.VALIDATION_SEED, train.HELD_OUT_SEED, train_classifier.CALIBRATION_SEED]
    assert len({*seeds, FRESH_SEED, DEMO_SEED}) == len(seeds) + 2


@pytest.mark.timeout(120)
def test_it_counts_far_better_than_by_chance_in_scenes_that_it_never_saw(fresh_scenes: list[Scene]) -> None:
    """Saying 6 each time is off by 3.2 cars where 0 to 12 are equally likely."""
    scores = count_scores(
        counts("efficientnet_b0", [each.image for each in fresh_scenes]), [len(each.boxes) for each in fresh_scenes]
    )
    assert scores.mae < 2


@pytest.mark.timeout(120)
def test_a_yolo_counts_better_than_it_on_the_demos_scenes(demo_pixels: tuple[list[Any], list[int]]) -> None:
    pictures, truth = demo_pixels
    yolo = count_scores(counts("Trained_yolov8", pictures), truth)
    classifier = count_scores(counts("efficientnet_b0", pictures), truth)
    assert yolo.mae + 0.3 < classifier.mae < 2


def test_the_weights_are_under_nine_megabytes() -> None:
    assert WEIGHTS.stat().st_size < 9_000_000


def test_the_record_names_the_weights_beside_it() -> None:
    assert RECORD["weights"] == WEIGHTS.name
    assert RECORD["bytes"] == WEIGHTS.stat().st_size
    assert RECORD["sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert RECORD["training"]["seed"] == train.TRAINING_SEED
    assert (RECORD["held_out"]["scenes"], RECORD["thresholds"]["scenes"]) == (60, 60)


def test_the_catalogue_holds_the_thresholds_that_were_set() -> None:
    entry = tomllib.loads(CATALOGUE.read_text("utf-8"))["models"]["efficientnet_b0"]
    assert entry["weights"]["sha256"] == RECORD["sha256"]
    assert entry["input_size"] == RECORD["image_size"]
    assert entry["parameters"]["class_names"] == RECORD["classes"]
    for name in ("peak_threshold", "presence_threshold", "calibrated_on"):
        assert entry["parameters"][name] == RECORD["thresholds"][name]


def test_the_weights_are_half_precision_and_tell_two_classes_apart() -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    state = load_file(WEIGHTS)
    assert {each.dtype for each in state.values() if each.is_floating_point()} == {torch.float16}
    assert state["classifier.weight"].shape == (2, 1280)
    assert all(each.isfinite().all() for each in state.values())


def test_the_weights_hold_no_path_of_the_machine_that_made_them() -> None:
    content = WEIGHTS.read_bytes()
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    assert not [part for part in (b"/tmp", b"/home", b"/root", b"site-packages") if part in header]
