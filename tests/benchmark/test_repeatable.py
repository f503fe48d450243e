"""What a comparison says of its own trustworthiness."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import (
    Arena,
    BadImage,
    BenchmarkSettings,
    Catalogue,
    Comparison,
    InvalidOptions,
    LabelledImage,
    ModelFailed,
    Options,
)
from benchmark.record import images_sha256


def codes(result: Comparison) -> set[str]:
    return {warning.code for warning in result.warnings}


def test_a_model_that_changes_its_mind_is_named(arena: Arena, scenes: Sequence[LabelledImage], quick: Options) -> None:
    result = arena.compare("good", "flickers", scenes, quick)
    [warning] = [warning for warning in result.warnings if warning.code == "detections_changed"]
    assert warning.message.startswith("flickers found something else")


def test_a_model_that_sees_otherwise_in_batches_is_named(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    result = arena.compare("good", "blind_in_batches", scenes, quick)
    [warning] = [warning for warning in result.warnings if warning.code == "batches_differ"]
    assert warning.message.startswith("blind_in_batches found something else")
    assert "detections_changed" not in codes(result)


def test_sound_models_are_not(arena: Arena, scenes: Sequence[LabelledImage], quick: Options) -> None:
    assert not {"detections_changed", "batches_differ"} & codes(arena.compare("good", "twin", scenes, quick))


def test_a_score_that_is_no_number_is_the_models_fault(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    with pytest.raises(ModelFailed, match="no finite numbers"):
        arena.compare("good", "finds_nan", scenes, quick)


def test_energy_of_a_gpu_that_the_driver_does_not_show_is_not_the_processors(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    result = arena.compare("good", "on_gpu", scenes, quick)
    assert result.model_a_metrics["energy_source"] is not None
    assert result.model_b_metrics["energy_source"] is None
    assert result.model_b_metrics["energy_j_per_image"] is None
    assert result.verdict.metrics["energy_j_per_image"]["winner"] is None


def test_the_same_question_has_the_same_fingerprint_and_another_has_not(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    one, again = (arena.compare("good", "twin", scenes, quick).environment for _ in range(2))
    assert one["fingerprint"] == again["fingerprint"]
    others = [
        arena.compare("good", "half_blind", scenes, quick).environment,
        arena.compare("good", "twin", scenes[:-1], quick).environment,
        arena.compare("good", "twin", scenes, replace(quick, confidence=0.5)).environment,
    ]
    assert len({one["fingerprint"], *(each["fingerprint"] for each in others)}) == 4
    swapped = arena.compare("twin", "good", scenes, quick).environment
    for name in ("machine_fingerprint", "hardware_fingerprint"):
        assert {each[name] for each in (*others, swapped)} == {one[name]}


def test_images_with_another_truth_are_other_images(scenes: Sequence[LabelledImage]) -> None:
    other = [*scenes[:-1], replace(scenes[-1], car_count=9, boxes=None)]
    assert len({images_sha256(scenes), images_sha256(other), images_sha256(scenes[::-1])}) == 3
    assert images_sha256(scenes) == images_sha256(list(scenes))


def test_an_image_that_vanished_is_named(scenes: Sequence[LabelledImage], tmp_path: Path) -> None:
    with pytest.raises(BadImage, match=r"scenes/000.png cannot be read any more"):
        images_sha256([replace(scenes[0], path=tmp_path / "gone.png")])


@pytest.mark.parametrize("long", [{"min_seconds": 60.0}, {"windows": 20, "window_seconds": 3.0}])
def test_what_no_phase_has_the_time_for_is_refused_at_once(
    catalogue: Catalogue, scenes: Sequence[LabelledImage], long: dict[str, float]
) -> None:
    with (
        Arena(catalogue, settings=BenchmarkSettings(phase_timeout_s=120)) as arena,
        pytest.raises(InvalidOptions, match="a phase may take 120 s"),
    ):
        arena.compare("good", "twin", scenes, Options.parse(long))
