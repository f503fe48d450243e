"""Whether a model can run here, found out without loading anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError, CannotDetectCars, FamilyMissing, WeightsNotFetched
from benchmark.models.catalogue import ModelEntry
from benchmark.models.family import Family, check_family, check_versions
from benchmark.models.runtime import RUNTIMES, check_runtime
from benchmark.models.weights import CheckedWeights, resolve_weights


@dataclass(frozen=True, slots=True)
class ModelState:
    """Whether a model can run on this machine."""

    model_id: str
    #: `ready`, or the code of the error that a comparison would end with: `cannot_detect_cars`, `family_missing`,
    #: `library_missing`, `runtime_unavailable`, `weights_missing`, `weights_to_download`, `weights_mismatch`,
    #: `weights_unreadable`.
    state: str
    #: What to do about it; None where ready.
    reason: str | None = None
    #: Paths and hashes behind the reason: for whoever runs this machine, not for whoever uses it.
    notes: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether a comparison with it can start."""
        return self.state == "ready"

    @property
    def fetchable(self) -> bool:
        """Whether it lacks nothing but weights that can be downloaded."""
        return self.state == WeightsNotFetched.code


def model_state(entry: ModelEntry, weights_dirs: Sequence[Path] = (), device: str = "auto") -> ModelState:
    """State of a model of the catalogue on this machine, on `auto`, `cpu`, `cuda` or `cuda:0`."""
    try:
        require_ready(entry, weights_dirs, device)
    except BenchmarkError as error:
        return ModelState(entry.id, error.code, str(error), tuple(getattr(error, "__notes__", ())))
    return ModelState(entry.id, "ready")


def require_ready(
    entry: ModelEntry, weights_dirs: Sequence[Path], device: str = "auto"
) -> tuple[Family, CheckedWeights]:
    """The family and the checked weights of a model that can run.

    Raises CannotDetectCars, FamilyMissing, LibraryMissing, RuntimeUnavailable, or what resolve_weights does.
    """
    if not entry.can_detect_cars:
        raise CannotDetectCars(f"{entry.id} is {entry.kind} and cannot detect cars.")
    if entry.adapter is None:
        raise FamilyMissing(f"{entry.id} cannot run: its entry in the catalogue names no family.")
    check_family(entry.id, entry.adapter)
    check_versions(entry.id, entry.requires)
    if entry.runtime:
        check_runtime(entry.id, RUNTIMES[entry.runtime], device)
    return entry.adapter, resolve_weights(entry, weights_dirs)
