"""Thresholds are set on one half of the images, and measured on the other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import BadImage, CannotDetectCars, InputError, LabelledImage, calibrate
from benchmark.calibration import Calibration, Sighting, Thresholds, Worth, best_thresholds, calibration, worth
from benchmark.models.catalogue import ModelEntry, WeightsFile
from benchmark.models.family import FAMILIES
from benchmark.models.weights import file_sha256
from tests.benchmark.models.timm_weights import make_timm_weights

SHARES = st.floats(0, 1, width=16)
SIGHTINGS = st.lists(
    st.builds(Sighting, st.integers(0, 6), SHARES, st.lists(SHARES, max_size=6).map(tuple)), min_size=1, max_size=12
)


def seen(truth: int, real: float = 0.8, false: float = 0.3) -> Sighting:
    """Every car has a peak of one height, and two things that are none have one of another."""
    return Sighting(truth, 0.9 if truth else 0.1, (real,) * truth + (false, false))


def mae(sightings: list[Sighting], thresholds: Thresholds) -> float:
    return worth(sightings, thresholds).count_mae


def test_thresholds_lie_between_what_is_a_car_and_what_is_none() -> None:
    thresholds = best_thresholds([seen(truth) for truth in (0, 1, 2, 5, 0, 3)])
    assert thresholds.peak == pytest.approx(0.55)
    assert thresholds.presence == pytest.approx(0.5)


def test_the_presence_threshold_silences_peaks_that_no_peak_threshold_could() -> None:
    sightings = [Sighting(0, 0.2, (0.9, 0.9)), Sighting(2, 0.7, (0.6, 0.6)), Sighting(1, 0.8, (0.6,))]
    thresholds = best_thresholds(sightings)
    assert mae(sightings, thresholds) == 0
    assert 0.2 < thresholds.presence <= 0.7


@settings(max_examples=60)
@given(SIGHTINGS, st.lists(st.tuples(SHARES, SHARES), min_size=5, max_size=5))
def test_no_other_thresholds_count_better(sightings: list[Sighting], others: list[tuple[float, float]]) -> None:
    """But by less than the rounding to four digits can do."""
    coarse = [replace(each, presence=round(each.presence, 1)) for each in sightings]
    coarse = [replace(each, peaks=tuple(round(peak, 1) for peak in each.peaks)) for each in coarse]
    best = mae(coarse, best_thresholds(coarse))
    highest = max((peak for each in coarse for peak in each.peaks), default=0)
    for peak, presence in others:
        if peak < highest:  # above all of them nothing is counted, which no one would set
            assert best <= mae(coarse, Thresholds(peak, min(presence, max(each.presence for each in coarse)))) + 1e-9


def test_the_half_that_sets_them_is_not_the_half_that_measures_them() -> None:
    good, other = [seen(3)] * 6, [seen(3, real=0.2, false=0.1)] * 6
    mixed = [each for pair in zip(good, other, strict=True) for each in pair]
    result = calibration(mixed)
    assert result.set_on == Worth(6, 0.0, 1.0)
    assert result.held_out == Worth(6, 3.0, 1.0)


def test_what_goes_into_the_catalogue_says_what_it_was_set_on_and_what_it_is_worth() -> None:
    result = Calibration(Thresholds(0.4, 0.02), Worth(60, 0.5, 0.99), Worth(59, 0.625, 0.95))
    assert result.parameters("car park") == {
        "peak_threshold": 0.4,
        "presence_threshold": 0.02,
        "calibrated_on": "car park: set on 60 images, count MAE 0.62 on 59 others",
    }


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> ModelEntry:
    weights, parameters = make_timm_weights(tmp_path_factory.mktemp("timm"))
    return ModelEntry(
        id="random",
        base_id="random",
        name="random",
        family="timm",
        adapter=FAMILIES["timm"],
        task="image-classification",
        can_detect_cars=True,
        description="random",
        weights=WeightsFile(str(weights), (file_sha256(weights),)),
        folder=weights.parent,
        input_size=320,
        classes={},
        parameters=parameters,
        runtimes=("torch",),
        runtime="torch",
    )


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledImage]:
    folder, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    found = []
    for number in range(12):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), random.integers(0, 256, (240, 320, 3), np.uint8))
        found.append(LabelledImage(path, path.name, car_count=number % 4))
    return found


def test_a_model_counts_with_its_thresholds_as_was_measured(entry: ModelEntry, images: list[LabelledImage]) -> None:
    from benchmark.model import Query, predict
    from benchmark.models.family import Recipe
    from benchmark.models.timm_adapter import load

    told: list[int] = []
    result = calibrate(entry, images, device="cpu", on_image=told.append)
    assert told == list(range(1, 13))
    assert (result.set_on.images, result.held_out.images) == (6, 6)
    assert entry.weights
    parameters: dict[str, Any] = {**entry.parameters, **result.parameters("noise")}
    model = load(Recipe("random", Path(entry.weights.file), 320, {}, parameters=parameters), "cpu")
    pixels = [cv2.imread(str(each.path)) for each in images[1::2]]
    counted = predict(model, pixels, Query(model.info.confidence or 0, ("car",)))  # type: ignore[arg-type]  # uint8
    wrong = [abs(len(found) - each.car_count) for found, each in zip(counted, images[1::2], strict=True)]
    assert result.held_out.count_mae == pytest.approx(np.mean(wrong))


def test_too_few_images_are_refused(entry: ModelEntry, images: list[LabelledImage]) -> None:
    with pytest.raises(InputError, match="9 images are too few"):
        calibrate(entry, images[:9])


def test_a_model_that_counts_boxes_has_nothing_to_set(yolo_entry: ModelEntry, images: list[LabelledImage]) -> None:
    """Found out without opening its weights, which may be a pickle."""
    unopened = replace(yolo_entry, weights=None)
    with pytest.raises(InputError, match="yolo finds boxes and has no thresholds of its own"):
        calibrate(unopened, images, device="cpu")


@pytest.fixture
def yolo_entry(entry: ModelEntry) -> ModelEntry:
    pytest.importorskip("ultralytics")
    weights = Path(__file__).parents[2] / "demo" / "weights" / "yolov8n_cars.pt"
    file = WeightsFile(str(weights), (file_sha256(weights),))
    return replace(entry, id="yolo", adapter=FAMILIES["ultralytics"], weights=file, classes={"car": "car"})


def test_a_model_that_sees_no_cars_is_refused(entry: ModelEntry, images: list[LabelledImage]) -> None:
    with pytest.raises(CannotDetectCars):
        calibrate(replace(entry, can_detect_cars=False), images)


def test_an_image_that_is_not_there_is_named(entry: ModelEntry, images: list[LabelledImage], tmp_path: Path) -> None:
    gone = LabelledImage(tmp_path / "gone.png", "gone.png", 1)
    with pytest.raises(BadImage, match=r"gone\.png cannot be read"):
        calibrate(entry, [*images, gone], device="cpu")
