"""Families of models: which module loads them, and what that module needs."""

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from packaging.requirements import Requirement

from benchmark.errors import FamilyMissing, LibraryMissing
from benchmark.model import Model
from benchmark.models.runtime import RUNTIMES, TORCH

NO_ADVICE = "Install it first."


@dataclass(frozen=True, slots=True)
class Family:
    """Models that one adapter module loads."""

    #: Module with a function `load` of the form of Adapter.
    module: str
    #: Modules that must be importable for it.
    requires: tuple[str, ...] = ()
    #: Extra of this package that installs them.
    extra: str | None = None
    #: Where it is not this package that installs them: what to read.
    advice: str = NO_ADVICE
    #: Names of the runtimes that its adapter knows, the usual one first.
    runtimes: tuple[str, ...] = (TORCH,)
    #: Whether its models count by thresholds that can be set on images (`look` of benchmark/calibration.py).
    has_thresholds: bool = False

    @property
    def missing(self) -> list[str]:
        """Required modules that are not installed. Looks only; imports none of them."""
        return [name for name in self.requires if not _is_there(name)]

    @property
    def has_adapter(self) -> bool:
        """Whether the adapter module is there."""
        return _is_there(self.module)

    @property
    def install_hint(self) -> str:
        """What is missing and how to get it."""
        names = ", ".join(self.missing)
        advice = f"Run in the project's folder: uv pip install -e '.[{self.extra}]'" if self.extra else self.advice
        return f"{names} is not installed. {advice}"


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


#: Families that this version knows; a catalogue can add its own.
FAMILIES: Mapping[str, Family] = {
    "ultralytics": Family(
        "benchmark.models.ultralytics_adapter",
        ("torch", "torchvision", "ultralytics"),
        "yolo",
        runtimes=tuple(RUNTIMES),
    ),
    "timm": Family("benchmark.models.timm_adapter", ("torch", "timm"), "timm", has_thresholds=True),
    "detectron2": Family(
        "benchmark.models.detectron2_adapter",
        ("torch", "detectron2"),
        advice="It is built from source: docs/models.md has the command.",
    ),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that an adapter needs to load one model. Crosses into the Host, so it is plain data."""

    model_id: str
    weights: Path
    #: Longer side of the image that the model sees, in pixels.
    input_size: int
    #: The model's own class names to ours; a class that is not in it keeps its name.
    classes: Mapping[str, str]
    #: Of the weights, in hex.
    weights_sha256: str = ""
    #: Name of what carries out the network, one of the family's.
    runtime: str = TORCH
    #: Folder in which exported models are kept for the next Host; None: they go with this one.
    exports: Path | None = None
    #: Seconds that an export may take.
    export_timeout_s: float = 1200.0
    #: What the catalogue says to this family alone.
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Adapter(Protocol):
    """What an adapter module offers."""

    def load(self, recipe: Recipe, device: str) -> Model:
        """Load onto `auto`, `cpu` or `cuda:0`.

        Raises WeightsUnreadable, DeviceUnavailable, RuntimeUnavailable or ExportFailed.
        """


def load_model(module: str, recipe: Recipe, device: str) -> Model:
    """Load a model through its family's adapter. Runs in the Host."""
    return cast(Adapter, importlib.import_module(module)).load(recipe, device)


def check_family(model_id: str, family: Family) -> None:
    """Raises FamilyMissing or LibraryMissing, which says what to install."""
    if not family.has_adapter:
        raise FamilyMissing(
            f"{model_id} cannot run: there is no module {family.module}. Put its folder into PYTHONPATH if it is yours."
        )
    if family.missing:
        raise LibraryMissing(f"{model_id} cannot run: {family.install_hint}")


def check_versions(model_id: str, requirements: Sequence[str]) -> None:
    """Raises LibraryMissing where a library is older than the model needs."""
    for requirement in map(Requirement, requirements):
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue  # whether the family's modules are there is not asked by the names of packages
        if not requirement.specifier.contains(version, prereleases=True):
            raise LibraryMissing(
                f"{model_id} cannot run: it needs {requirement}, but {requirement.name} {version} is installed. "
                f"Run: uv pip install '{requirement}'"
            )
