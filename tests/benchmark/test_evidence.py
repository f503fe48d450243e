from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark import Detection, LabelledImage, Options
from benchmark.evidence import Evidence
from benchmark.measure.messages import Detected, Energy, Loaded, Memory, Sample, Window
from benchmark.model import ModelInfo

MEASURED = Energy(10.0, "nvml", 1e-6, {"gpu": 10.0, "cpu": 1.0})


def evidence(energies: Sequence[Energy]) -> Evidence:
    """Two images with one car each, of which one was found; 5 images in each window."""
    car = Detection((0.0, 0.0, 5.0, 5.0), 0.9, "car")
    return Evidence(
        model_id="a",
        weights_sha256="0" * 64,
        options=Options(),
        truth=[LabelledImage(Path(name), name, 1, ((0, 0, 5, 5),)) for name in ("x", "y")],
        indices=[0, 1],
        sizes=[(9, 9), (9, 9)],
        loaded=Loaded(ModelInfo(7, "fp32", "cuda:0", ("car",)), 1.0, "fake", "0", 1),
        detected=Detected(((car,), ()), True),
        samples=[Sample(image, 1.0, 1.0, 8.0, 1.0) for image in (0, 1)],
        changed_images=frozenset(),
        windows=[Window(1, 5, 1.0, 2, energy) for energy in energies],
        memory=Memory(resident_mb=100.0, empty_mb=40.0),
        sampled_mb=90.0,
        by_boxes=True,
    )


def test_energy_of_all_windows_is_added_up() -> None:
    metrics = evidence([MEASURED, MEASURED]).metrics
    assert (metrics["energy_j_per_image"], metrics["energy_source"]) == (2.0, "nvml")
    assert metrics["energy_cpu_j_per_image"] == pytest.approx(0.2)
    assert metrics["carbon_emissions"] == pytest.approx(2e-6)
    assert metrics["green_score"] > 0


@pytest.mark.parametrize("other", [Energy(), Energy(10.0, "estimated", 1e-6, {"cpu": 10.0})])
@pytest.mark.parametrize("first", [True, False])
def test_windows_without_a_common_source_give_no_energy_at_all(other: Any, first: bool) -> None:
    contender = evidence([other, MEASURED] if first else [MEASURED, other]).contender()
    wanted = ["energy_source", "energy_j_per_image", "energy_cpu_j_per_image", "carbon_emissions", "green_score"]
    assert [contender.metrics[name] for name in wanted] == [None] * 5
    assert contender.energies_j.size == 0


def test_scores_of_images_and_of_all_agree() -> None:
    contender = evidence([MEASURED]).contender()
    assert contender.accuracies.tolist() == [1.0, 0.0]
    assert contender.metrics["accuracy"] == 0.5


def test_times_lie_by_pass_and_image() -> None:
    seen = evidence([MEASURED])
    samples = [Sample(image, 1.0, 0.0, float(time), 0.0) for time, image in enumerate((1, 0, 0, 1, 1, 0))]
    assert replace(seen, samples=samples).contender().predict_ms.tolist() == [[1, 0], [2, 3], [5, 4]]


def test_the_kernels_peak_goes_before_what_was_seen_of_it() -> None:
    seen = evidence([MEASURED])
    assert (seen.metrics["memory_mb"], seen.metrics["memory_above_empty_mb"]) == (100.0, 60.0)
    unknown = replace(seen, memory=Memory(resident_mb=None, empty_mb=40.0)).metrics
    assert (unknown["memory_mb"], unknown["memory_above_empty_mb"], unknown["memory_sampled_mb"]) == (90.0, 50.0, 90.0)
    assert replace(seen, memory=Memory(resident_mb=100.0)).metrics["memory_above_empty_mb"] is None


def test_images_counted_exactly_right_are_a_share() -> None:
    assert evidence([MEASURED]).metrics["exact_count"] == 0.5


@pytest.mark.parametrize(("samples", "kept"), [(2, 2), (1000, 1000), (1002, 501), (5000, 1000)])
def test_times_stay_in_their_order_and_are_thinned_evenly(samples: int, kept: int) -> None:
    times = [Sample(number % 2, 0.0, 0.0, float(number), 0.0) for number in range(samples)]
    latencies = replace(evidence([MEASURED]), samples=times).metrics["latencies_ms"]
    assert latencies == [float(number) for number in range(0, samples, samples // kept)]
