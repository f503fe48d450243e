"""Which errors of a job are worth another try."""

from agent import errors
from agent.errors import JobError
from benchmark import BenchmarkError

TRANSIENT = {
    "image_unreachable", "too_few_images_now", "time_limit", "weights_unreachable", "weights_not_saved",
    "host_died", "host_timeout", "gpu_fault", "device_unavailable",
}  # fmt: skip
LASTING = {
    "invalid_job", "image_refused", "weights_refused",
    "too_few_images", "bad_image", "bad_label", "box_outside_image", "invalid_options", "unknown_model",
    "cannot_detect_cars",
    "class_missing", "library_missing", "family_missing", "weights_missing", "weights_mismatch", "weights_unreadable",
    "out_of_memory", "gpu_out_of_memory", "phase_timeout", "model_failed",
}  # fmt: skip


def family(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(family(child) for child in root.__subclasses__()))


def test_what_may_pass_by_itself_is_tried_again_and_nothing_else() -> None:
    modules = {errors.__name__, "benchmark.errors"}
    kinds = [each for each in family(BenchmarkError) | family(JobError) if each.__module__ in modules]
    assert {kind.code for kind in kinds if kind.transient} == TRANSIENT  # type: ignore[attr-defined]
    lasting = {kind.code for kind in kinds if not kind.transient}  # type: ignore[attr-defined]
    assert lasting >= LASTING
