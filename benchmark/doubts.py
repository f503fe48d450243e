"""What a person should know before they trust a result, found in what was seen."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from benchmark.box_agreement import BoxAgreement
from benchmark.evidence import Evidence
from benchmark.record import Record
from benchmark.warning import ResultWarning

#: Cores that others may use on average before a result says so.
_OTHER_CORES = 0.25
#: CPU seconds per second that a Host may use while it is not its turn.
_WAITING_CORES = 0.05
#: Images left out whose reason a warning tells; `images_left_out` of the environment has all.
_NAMED = 3
#: Reasons for a lower clock that say nothing of a GPU under work.
_NO_BRAKES = {"idle", "clocks set by an application", "display clock"}


def result_warnings(
    evidence: Sequence[Evidence], record: Record, agreement: BoxAgreement | None = None
) -> list[ResultWarning]:
    """All doubts about one comparison, the gravest first."""
    return [
        *(
            *_fallback(record),
            *_left_out(evidence, record),
            *_estimates(evidence),
            *_agreement(evidence, agreement),
            *_detections(evidence),
        ),
        *(*_machine(record), *_batch(record)),
        *(*_energy(record), *_unsettled(evidence)),
    ]


def _fallback(record: Record) -> Iterator[ResultWarning]:
    if record.fallback:
        yield ResultWarning("cpu_fallback", f"Both models ran on the processor: {record.fallback}")


def _left_out(evidence: Sequence[Evidence], record: Record) -> Iterator[ResultWarning]:
    if record.left_out:
        used = len(evidence[0].truth)
        named = [f"#{index}: {each.reason}" for index, each in islice(record.left_out.items(), _NAMED)]
        more = len(record.left_out) - len(named)
        yield ResultWarning(
            "images_left_out",
            f"{len(record.left_out)} of {used + len(record.left_out)} images could not be used, so both models were "
            f"judged on the other {used}. {' '.join(named)}{f' And {more} more.' if more else ''}",
        )


def _estimates(evidence: Sequence[Evidence]) -> Iterator[ResultWarning]:
    for each in evidence:
        if not each.is_estimate:
            continue
        yield ResultWarning(
            "estimate",
            f"{each.model_id} has no boxes: its counts are an estimate, by {each.loaded.model.count_basis} of a map. "
            "So it has no AP, and F1 is that of the counts, for both models.",
        )
        if each.loaded.model.calibrated_on is None:
            yield ResultWarning(
                "uncalibrated",
                f"The thresholds by which {each.model_id} counts were never set on images like these; docs/models.md "
                "says how to set them.",
            )


def _agreement(evidence: Sequence[Evidence], agreement: BoxAgreement | None) -> Iterator[ResultWarning]:
    if agreement and not agreement.agrees:
        a, b = (each.model_id for each in evidence)
        yield ResultWarning(
            "runtimes_differ",
            f"{a} and {b} have the same weights, but found different cars: {agreement.matched} of "
            f"{max(agreement.found_a, agreement.found_b)} are the same.",
        )


def _detections(evidence: Sequence[Evidence]) -> Iterator[ResultWarning]:
    for each in evidence:
        if each.changed_in_batches:
            yield ResultWarning(
                "batches_differ",
                f"{each.model_id} found something else in {len(each.changed_in_batches)} images when it saw them in "
                "batches; throughput and energy are those of the batches, scores those of one by one.",
            )
        if each.changed_images:
            yield ResultWarning(
                "detections_changed",
                f"{each.model_id} found something else when it saw an image again, in {len(each.changed_images)} of "
                f"{len(each.truth)} images; its scores are those of the first time.",
            )


def _machine(record: Record) -> Iterator[ResultWarning]:
    cores = record.other_load_cores
    if cores is not None and cores > _OTHER_CORES:
        yield ResultWarning(
            "other_load",
            f"Other programs kept {cores:.1f} cores busy while the models were timed; a quiet machine gives better "
            "numbers.",
        )
    if record.gpu_shared:
        yield ResultWarning("gpu_shared", "Other programs used the GPU too; its energy and times are theirs as well.")
    waiting = max(record.waiting_cores)
    if waiting > _WAITING_CORES:
        yield ResultWarning("waiting_load", f"A model used {waiting:.2f} cores while it was the other one's turn.")
    for reason in _slowed(record):
        yield ResultWarning("slowed_down", f"The GPU held itself back: {reason}.")


def _slowed(record: Record) -> list[str]:
    """Why GPUs ran below their clock."""
    states: Any = [gpu for state in record.machine_states.values() for gpu in state.get("gpus") or []]
    reasons = {reason for gpu in states for reason in gpu.get("throttle_reasons") or []}
    return sorted(reasons - _NO_BRAKES)


def _batch(record: Record) -> Iterator[ResultWarning]:
    if record.batch_size < record.wanted_batch_size:
        yield ResultWarning(
            "batch_halved",
            f"The batch was halved from {record.wanted_batch_size} to {record.batch_size} images: more did not fit "
            "into memory.",
        )
    if record.batch_limited_by_memory:
        yield ResultWarning(
            "batch_limited", f"Batches of more than {record.wanted_batch_size} images did not fit into memory."
        )


def _energy(record: Record) -> Iterator[ResultWarning]:
    if record.energy_sources_differ:
        yield ResultWarning(
            "energy_sources_differ",
            "The energy of the two models came from different sources, so it is not stated: such figures cannot be "
            "compared.",
        )


def _unsettled(evidence: Sequence[Evidence]) -> Iterator[ResultWarning]:
    for each in evidence:
        if not each.detected.settled:
            yield ResultWarning("unsettled", f"The times of {each.model_id} had not settled when it was timed.")
