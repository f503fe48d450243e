import dataclasses
import json
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from benchmark import (
    Arena,
    BenchmarkError,
    BenchmarkSettings,
    Cancelled,
    Catalogue,
    ClassMissing,
    Comparison,
    Entries,
    GpuFault,
    HostDied,
    HostTimeout,
    InputError,
    LabelledImage,
    LeftOut,
    ModelFailed,
    Options,
    OutOfMemory,
    Progress,
    TooFewImages,
    UnknownCountry,
    UnknownModel,
    Weights,
    WeightsFile,
    WeightsNotFetched,
    WeightsUnreadable,
    compare,
)
from benchmark.metrics.green import green_score

METRICS = {
    "accuracy", "ap50", "ap50_95", "batch_size", "calibrated_on", "carbon_emissions", "carbon_g_per_1k_images",
    "confidence_threshold", "count_basis", "count_bias", "count_mae", "count_rmse", "decode_ms", "device",
    "energy_cpu_j_per_image", "energy_gpu_j_per_image", "energy_j_per_image", "energy_ram_j_per_image",
    "energy_source", "estimate", "exact_count", "export_s", "f1_basis", "f1_score", "gpu_memory_allocated_mb",
    "gpu_memory_mb", "gpu_memory_process_mb", "green_score", "images_measured", "inference_ms", "input_size",
    "latencies_ms", "latency_ms", "load_s", "memory_above_empty_mb", "memory_max_rss_mb", "memory_mb",
    "memory_sampled_mb", "nms_iou", "numeric_precision", "p50_ms", "p90_ms", "p99_ms", "parameters",
    "postprocess_ms", "precision", "preprocess_ms", "recall", "runtime", "runtime_version", "samples", "speed_ms",
    "throughput_fps", "throughput_max_fps", "throughput_min_fps", "throughput_windows_fps", "weights_sha256",
}  # fmt: skip


@pytest.fixture(scope="module")
def steps() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def result(arena: Arena, scenes: list[LabelledImage], steps: list[Progress]) -> Comparison:
    """The good model against one that misses every second car; only accuracy counts, for the times are noise."""
    options = Options(min_seconds=0.1, window_seconds=0.3, windows=2, weights=Weights(1, 0, 0, 0))
    return arena.compare("good", "half_blind", scenes, options, on_progress=steps.append)


def test_every_metric_is_there_and_the_row_is_json(result: Comparison) -> None:
    row = json.loads(json.dumps(result.to_row(), allow_nan=False))
    assert set(row) == {
        "model_a_id", "model_b_id", "model_a_metrics", "model_b_metrics", "winner", "verdict", "environment",
    }  # fmt: skip
    assert set(row["model_a_metrics"]) == set(row["model_b_metrics"]) == METRICS


def test_scores_are_those_of_what_the_models_find(result: Comparison) -> None:
    good, blind = result.model_a_metrics, result.model_b_metrics
    assert (good["accuracy"], good["f1_score"], good["ap50"], good["count_mae"]) == (1.0, 1.0, pytest.approx(1.0), 0.0)
    # Of 0, 1, … 5 cars it misses 0, 0, 1, 1, 2, 2: 6 of 15.
    assert blind["recall"] == pytest.approx(9 / 15)
    assert blind["precision"] == 1.0
    assert blind["f1_score"] == pytest.approx(2 * 9 / (9 + 15))
    assert blind["count_bias"] == pytest.approx(-1.0)
    assert blind["accuracy"] == pytest.approx((1 + 1 + 1 / 2 + 2 / 3 + 2 / 4 + 3 / 5) / 6)
    assert blind["f1_basis"] == "boxes"


def test_times_are_those_of_the_models_work(result: Comparison) -> None:
    for metrics in (result.model_a_metrics, result.model_b_metrics):
        assert metrics["samples"] >= 64
        assert metrics["inference_ms"] >= 1.0
        assert metrics["speed_ms"] >= metrics["inference_ms"]
        assert metrics["latency_ms"] == metrics["p90_ms"] >= metrics["p50_ms"] > metrics["decode_ms"] > 0
        assert metrics["p99_ms"] is None
        assert metrics["throughput_min_fps"] <= metrics["throughput_fps"] <= metrics["throughput_max_fps"] <= 1000


def test_energy_is_measured_or_null_and_says_how(result: Comparison) -> None:
    metrics = result.model_a_metrics
    assert metrics["energy_source"] in {"estimated", "rapl"}
    assert metrics["energy_j_per_image"] > 0
    parts = metrics["energy_cpu_j_per_image"] + metrics["energy_ram_j_per_image"]
    assert metrics["energy_j_per_image"] == pytest.approx(parts)
    per_image_kg = metrics["carbon_emissions"] / metrics["images_measured"]
    assert metrics["carbon_g_per_1k_images"] == pytest.approx(per_image_kg * 1e6)
    # Germany: 381 g a kWh, as codecarbon has it.
    assert per_image_kg == pytest.approx(metrics["energy_j_per_image"] / 3.6e6 * 0.381, rel=0.05)
    assert metrics["green_score"] == green_score(
        metrics["accuracy"], metrics["carbon_emissions"] / metrics["images_measured"], metrics["speed_ms"] / 1e3
    )


def test_what_this_machine_cannot_measure_is_null(result: Comparison) -> None:
    assert result.model_a_metrics["device"] == "cpu"
    assert result.model_a_metrics["gpu_memory_mb"] is None
    assert result.model_a_metrics["energy_gpu_j_per_image"] is None


def test_the_better_model_wins_for_its_accuracy(result: Comparison) -> None:
    accuracy = result.verdict.metrics["accuracy"]
    assert accuracy["winner"] == "good"
    assert accuracy["ci_low"] > 0
    assert result.winner == "good"
    assert result.verdict.sentence.startswith("good wins: ")


def test_there_is_a_row_for_each_image_and_side(result: Comparison, scenes: list[LabelledImage]) -> None:
    rows = json.loads(json.dumps(result.image_rows(), allow_nan=False))
    assert [(row["side"], row["image_index"]) for row in rows] == [(s, n) for s in "ab" for n in range(len(scenes))]
    row = rows[5]
    assert set(row) == {
        "side", "model_id", "image_index", "image_path", "truth_count", "predicted_count", "latency_ms", "detections",
    }  # fmt: skip
    assert (row["image_path"], row["truth_count"], row["predicted_count"]) == ("scenes/005.png", 5, 5)
    assert sorted(each["box"] for each in row["detections"]) == sorted(map(list, scenes[5].boxes or ()))
    assert {each["label"] for each in row["detections"]} == {"car"}


def test_the_environment_says_where_and_with_what_and_no_secrets(
    result: Comparison, scenes: list[LabelledImage]
) -> None:
    environment = result.environment
    assert environment["options"]["min_seconds"] == 0.1
    assert set(environment["phase_s"]) == {"load", "warm_up", "single_stream", "offline", "score"}
    assert environment["duration_s"] >= sum(environment["phase_s"].values()) * 0.99
    assert environment["libraries"]["numpy"]
    assert len(environment["threads"]) == 2
    assert environment["match_iou"] == 0.5
    assert set(environment["weights_sha256"]) == {"good", "half_blind"}
    assert str(scenes[0].path.parent) not in json.dumps(dict(environment))


def test_progress_goes_through_all_phases_to_the_end(result: Comparison, steps: list[Progress]) -> None:
    assert result.winner
    assert list(dict.fromkeys(step.phase for step in steps)) == list(result.environment["phase_s"])
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)


def test_a_model_against_itself_ties(arena: Arena, scenes: list[LabelledImage], quick: Options) -> None:
    result = arena.compare("good", "good", scenes, quick)
    assert result.winner == "tie"
    assert result.model_a_metrics["accuracy"] == result.model_b_metrics["accuracy"]


def test_memory_is_each_models_own(arena: Arena, scenes: list[LabelledImage], quick: Options) -> None:
    result = arena.compare("large", "good", scenes, quick)
    difference = result.model_a_metrics["memory_mb"] - result.model_b_metrics["memory_mb"]
    assert difference == pytest.approx(300, abs=60)


def test_warm_hosts_are_used_again(arena: Arena, scenes: list[LabelledImage], quick: Options) -> None:
    first = arena.compare("good", "slow", scenes, quick)
    second = arena.compare("slow", "good", scenes, quick)
    assert second.model_b_metrics["load_s"] == first.model_a_metrics["load_s"]
    assert second.model_a_metrics["load_s"] == first.model_b_metrics["load_s"]
    warm = set(psutil.Process().children())
    arena.end_idle()
    assert len(warm - set(psutil.Process().children())) >= 2


def test_without_boxes_f1_comes_from_counts_and_there_is_no_ap(
    arena: Arena, scenes: list[LabelledImage], quick: Options
) -> None:
    counted = [dataclasses.replace(image, boxes=None) for image in scenes]
    metrics = arena.compare("good", "half_blind", counted, quick).model_b_metrics
    assert (metrics["f1_basis"], metrics["ap50"], metrics["ap50_95"]) == ("counts", None, None)
    assert metrics["f1_score"] == pytest.approx(2 * 9 / (9 + 15))


def test_one_image_is_enough(arena: Arena, scenes: list[LabelledImage], quick: Options) -> None:
    result = arena.compare("good", "half_blind", [scenes[3]], quick)
    assert result.model_a_metrics["samples"] >= 64
    assert len(result.image_rows()) == 2
    assert result.winner == "tie"
    assert "1 image is too few" in result.verdict.sentence


def test_without_a_country_carbon_is_null_and_energy_is_not(
    catalogue: Catalogue, scenes: list[LabelledImage], quick: Options
) -> None:
    metrics = compare("good", "twin", scenes[:6], catalogue, quick).model_a_metrics
    assert metrics["energy_j_per_image"] > 0
    assert [metrics[name] for name in ("carbon_emissions", "carbon_g_per_1k_images", "green_score")] == [None] * 3


def test_an_unknown_country_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownCountry, match=r"'Germany'.*ISO-3"):
        Arena(catalogue, settings=BenchmarkSettings(country="Germany"))


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("dies", HostDied, "dies was killed by SIGKILL"),
        ("raises", ModelFailed, "raises raised RuntimeError: the layers do not fit"),
        ("exhausts", OutOfMemory, "exhausts does not fit into the memory of this machine .MemoryError"),
        ("burns", GpuFault, "The GPU failed while burns ran on it .RuntimeError: CUDA error"),
        ("unreadable", WeightsUnreadable, "cannot be opened"),
        ("nonesuch", UnknownModel, "There is no model 'nonesuch'. Models: good, twin"),
    ],
)
def test_a_failing_model_ends_its_comparison_and_no_other(
    arena: Arena, scenes: list[LabelledImage], quick: Options, model: str, error: type[BenchmarkError], said: str
) -> None:
    with pytest.raises(error, match=said):
        arena.compare("good", model, scenes, quick)
    assert arena.compare("good", "twin", scenes[:6], quick).model_a_metrics["accuracy"] == 1.0


@pytest.mark.parametrize("other", ["words", "lost", "nonesuch"])
def test_what_no_download_would_mend_is_said_first(
    catalogue: Catalogue, scenes: list[LabelledImage], quick: Options, other: str
) -> None:
    """Or people would download in vain."""
    good = catalogue["good"]
    known = {
        "afar": dataclasses.replace(
            good, id="afar", weights=WeightsFile("afar.pt", ("0" * 64,), "https://x.example/w")
        ),
        "lost": dataclasses.replace(good, id="lost", weights=WeightsFile("lost.pt")),
        "words": dataclasses.replace(good, id="words", task="fill-mask", can_detect_cars=False),
    }
    with Arena(Catalogue(known)) as arena:
        for pair in (("afar", other), (other, "afar")):
            with pytest.raises(BenchmarkError, match=other):
                arena.compare(*pair, scenes, quick)
        with pytest.raises(WeightsNotFetched, match="arena models pull"):
            arena.compare("afar", "afar", scenes, quick)


def test_a_hanging_model_times_out_and_the_next_comparison_works(
    catalogue: Catalogue, scenes: list[LabelledImage], quick: Options
) -> None:
    with Arena(catalogue, settings=BenchmarkSettings(silence_timeout_s=2)) as arena:
        with pytest.raises(HostTimeout, match="hangs gave no sign of life"):
            arena.compare("hangs", "good", scenes, quick)
        assert arena.compare("good", "twin", scenes[:6], quick).winner


def test_a_model_that_never_loads_times_out(catalogue: Catalogue, scenes: list[LabelledImage], quick: Options) -> None:
    settings = BenchmarkSettings(load_timeout_s=4)
    with pytest.raises(HostTimeout, match="loads_for_ever"):
        compare("good", "loads_for_ever", scenes, catalogue, quick, settings=settings)


def test_cancelling_is_heard_in_every_phase(arena: Arena, scenes: list[LabelledImage]) -> None:
    long = Options(min_seconds=60, window_seconds=60, windows=2, batch_size=2)
    for phase, options in (
        ("load", long),
        ("single_stream", long),
        ("offline", dataclasses.replace(long, min_seconds=0.1)),
    ):
        reached: list[str] = []
        start = time.monotonic()
        with pytest.raises(Cancelled):
            arena.compare(
                "good",
                "twin",
                scenes,
                options,
                on_progress=lambda step, reached=reached: reached.append(step.phase),  # type: ignore[misc]
                should_stop=lambda phase=phase, reached=reached: phase in reached,  # type: ignore[misc]
            )
        assert time.monotonic() - start < 30
        assert reached[-1] == phase


def test_a_broken_image_costs_that_image(
    arena: Arena, scenes: list[LabelledImage], quick: Options, tmp_path: Path
) -> None:
    broken = tmp_path / "x"
    broken.write_bytes(scenes[0].path.read_bytes()[:40])
    missing = LeftOut("late.png", "image_unreachable", "The server answered 503.", transient=True)
    images: Entries = [missing, *scenes[:3], LabelledImage(broken, "scenes/broken.png", 0), *scenes[3:5]]
    result = arena.compare("good", "half_blind", images, quick)
    (late, bad) = result.environment["images_left_out"]
    assert late == {"image_index": 0, "code": "image_unreachable", "reason": "The server answered 503."}
    assert (bad["image_index"], bad["code"]) == (4, "bad_image")
    assert "scenes" not in str(result.environment)
    assert [row["image_index"] for row in result.image_rows()] == [1, 2, 3, 5, 6] * 2
    assert [row["image_path"] for row in result.image_rows()][:5] == [each.image_path for each in scenes[:5]]
    assert result.environment["images"] == 5
    (warning,) = [each for each in result.warnings if each.code == "images_left_out"]
    assert warning.message.startswith("2 of 7 images could not be used")


def test_what_is_left_out_changes_nothing_for_the_others(
    arena: Arena, scenes: list[LabelledImage], quick: Options
) -> None:
    refused = LeftOut("no.png", "image_refused", "The server answered 404.")
    both: list[Entries] = [scenes[:4], [*scenes[:2], refused, *scenes[2:4]]]
    without, with_one = (arena.compare("good", "half_blind", images, quick) for images in both)
    assert with_one.environment["fingerprint"] == without.environment["fingerprint"]
    for metric in ("accuracy", "f1_score", "count_mae", "ap50"):
        assert with_one.model_b_metrics[metric] == without.model_b_metrics[metric]


def test_bad_images_are_told_before_any_model_is_loaded(arena: Arena, quick: Options, tmp_path: Path) -> None:
    with pytest.raises(TooFewImages, match=r"gone\.png"):
        arena.compare("unreadable", "twin", [LabelledImage(tmp_path / "x", "gone.png", 0)], quick)


def test_models_are_loaded_while_the_images_are_on_their_way(
    catalogue: Catalogue, scenes: list[LabelledImage], quick: Options
) -> None:
    images: Future[Entries] = Future()

    def bring_once_loading(step: Progress) -> None:
        if step.phase == "load" and step.model_id == "twin":
            images.set_result(scenes[:3])

    with Arena(catalogue) as arena:
        result = arena.compare("good", "twin", images, quick, on_progress=bring_once_loading)
    assert result.environment["images"] == 3


def test_images_that_will_never_come_break_off_the_loading(catalogue: Catalogue, quick: Options) -> None:
    images: Future[Entries] = Future()

    class Gone(Exception):
        pass

    threading.Timer(1.0, images.set_exception, [Gone()]).start()
    start = time.monotonic()
    with Arena(catalogue, settings=BenchmarkSettings(load_timeout_s=60)) as arena, pytest.raises(Gone):
        arena.compare("loads_for_ever", "twin", images, quick)
    assert time.monotonic() - start < 30


def test_a_missing_image_is_named(arena: Arena, quick: Options, tmp_path: Path) -> None:
    with pytest.raises(TooFewImages, match=r"gone\.png: It cannot be read: No such file"):
        arena.compare("good", "twin", [LabelledImage(tmp_path / "x", "gone.png", 0)], quick)


def test_a_box_outside_its_image_is_named(arena: Arena, scenes: list[LabelledImage], quick: Options) -> None:
    outside = dataclasses.replace(scenes[1], boxes=((70.0, 10.0, 90.0, 20.0),))
    with pytest.raises(TooFewImages, match=r"scenes/001\.png: It is 80×60 pixels"):
        arena.compare("unreadable", "twin", [outside], quick)


def test_no_images_are_refused(arena: Arena, quick: Options) -> None:
    with pytest.raises(InputError, match="at least one"):
        arena.compare("good", "twin", [], quick)


def test_a_class_that_the_model_does_not_know_is_refused(
    arena: Arena, scenes: list[LabelledImage], quick: Options
) -> None:
    with pytest.raises(ClassMissing, match="knows no class lorry; it knows car, dog"):
        arena.compare("good", "twin", scenes, dataclasses.replace(quick, classes=("lorry",)))
