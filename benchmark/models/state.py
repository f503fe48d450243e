"""Whether a model can run here, found out without loading anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError, FamilyMissing
from benchmark.models.catalogue import Catalogue, ModelEntry
from benchmark.models.family import Family, check_family
from benchmark.models.weights import Weights, resolve_weights


@dataclass(frozen=True, slots=True)
class ModelState:
    """Whether a model can run on this machine."""

    model_id: str
    #: `ready`, or the code of the error that a comparison would end with: `cannot_detect_cars`, `family_missing`,
    #: `library_missing`, `weights_missing`, `weights_mismatch`.
    state: str
    #: What to do about it; None where ready.
    reason: str | None = None

    @property
    def ready(self) -> bool:
        return self.state == "ready"


def model_state(catalogue: Catalogue, model_id: str, weights_dirs: Sequence[Path] = ()) -> ModelState:
    """State of a model of the catalogue.

    Raises UnknownModel.
    """
    entry = catalogue[model_id]
    try:
        require_ready(catalogue, entry, weights_dirs)
    except BenchmarkError as error:
        return ModelState(entry.id, error.code, str(error))
    return ModelState(entry.id, "ready")


def require_ready(catalogue: Catalogue, entry: ModelEntry, weights_dirs: Sequence[Path]) -> tuple[Family, Weights]:
    """The family and the checked weights of a model that can run.

    Raises CannotDetectCars, FamilyMissing, LibraryMissing, WeightsMissing or WeightsMismatch.
    """
    catalogue.detector(entry.id)
    if entry.family is None:
        raise FamilyMissing(f"{entry.id} cannot run: its entry in the catalogue names no family.")
    family = catalogue.families[entry.family]
    check_family(entry.id, family)
    return family, resolve_weights(catalogue, entry, weights_dirs)
