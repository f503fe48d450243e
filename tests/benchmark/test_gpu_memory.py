"""What happens where a GPU's memory does not hold a model, or not that many images at once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import Arena, Comparison, GpuOutOfMemory, LabelledImage, Options, Progress
from tests.benchmark.conftest import fake_catalogue


def codes(result: Comparison) -> list[str]:
    return [warning.code for warning in result.warnings]


def test_a_batch_is_halved_until_it_fits_for_both_models_alike(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    result = arena.compare("on_gpu", "at_most_two", scenes, replace(quick, batch_size=16))
    assert result.model_a_metrics["batch_size"] == result.model_b_metrics["batch_size"] == 2
    assert result.environment["batch_size"] == 2
    [warning] = [warning for warning in result.warnings if warning.code == "batch_halved"]
    assert "from 16 to 2 images" in warning.message
    windows = [result.model_a_metrics["throughput_windows_fps"], result.model_b_metrics["throughput_windows_fps"]]
    assert list(map(len, windows)) == [quick.windows, quick.windows]


def test_a_sweep_ends_where_memory_does(arena: Arena, scenes: Sequence[LabelledImage], quick: Options) -> None:
    result = arena.compare("at_most_two", "on_gpu", scenes, replace(quick, batch_size=None))
    assert result.model_a_metrics["batch_size"] in {1, 2}
    assert "batch_halved" not in codes(result)
    assert result.environment["options"]["batch_size"] is None


def test_a_model_that_does_not_fit_at_all_fails_the_comparison(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    with pytest.raises(GpuOutOfMemory, match="only_on_cpu"):
        arena.compare("on_gpu", "only_on_cpu", scenes, quick)
    assert arena.compare("on_gpu", "good", scenes, quick).model_a_metrics["device"] == "cuda:0"


def test_hosts_that_are_only_kept_warm_make_room(
    scenes: Sequence[LabelledImage], quick: Options, tmp_path: Path
) -> None:
    gpu, weights = tmp_path / "gpu", tmp_path / "weights"
    gpu.mkdir()
    weights.mkdir()
    fakes = {name: {"device": "cuda:0", "gpu": str(gpu), "name": name} for name in "abcd"}
    with Arena(fake_catalogue(weights, fakes)) as crowded:
        for pair in ("ab", "cd", "ac"):
            result = crowded.compare(pair[0], pair[1], scenes, quick)
            assert result.environment["devices"] == ["cuda:0", "cuda:0"]


def test_if_allowed_both_models_go_on_on_the_processor_and_the_result_says_why(
    arena: Arena, scenes: Sequence[LabelledImage], quick: Options
) -> None:
    steps: list[Progress] = []
    allowed = replace(quick, cpu_fallback=True)
    result = arena.compare("on_gpu", "only_on_cpu", scenes, allowed, on_progress=steps.append)
    assert result.environment["devices"] == ["cpu", "cpu"]
    assert codes(result)[0] == "cpu_fallback"
    assert "CUDA out of memory" in result.warnings[0].message
    assert result.to_row()["verdict"]["warnings"][0] == result.warnings[0].to_json()
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    # The next comparison is on the GPU again.
    assert arena.compare("on_gpu", "twin", scenes, allowed).model_a_metrics["device"] == "cuda:0"
