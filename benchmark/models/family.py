"""Families of models: which module loads them, and what that module needs."""

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from benchmark.errors import FamilyMissing, LibraryMissing
from benchmark.model import Model


@dataclass(frozen=True, slots=True)
class Family:
    """Models that one adapter module loads."""

    #: Module with a function `load` of the form of Adapter.
    module: str
    #: Modules that must be importable for it.
    requires: tuple[str, ...] = ()
    #: Extra of this package that installs them.
    extra: str | None = None

    @property
    def missing(self) -> list[str]:
        """Required modules that are not installed. Looks only; imports none of them."""
        return [name for name in self.requires if importlib.util.find_spec(name) is None]

    @property
    def has_adapter(self) -> bool:
        """Whether the adapter module is there."""
        return importlib.util.find_spec(self.module) is not None

    @property
    def install_hint(self) -> str:
        """What is missing and how to get it."""
        names = ", ".join(self.missing)
        advice = (
            f"Run in the project's folder: uv pip install -e '.[{self.extra}]'" if self.extra else "Install it first."
        )
        return f"{names} is not installed. {advice}"


#: Families that this version knows; a catalogue can add its own.
FAMILIES: Mapping[str, Family] = {
    "ultralytics": Family("benchmark.models.ultralytics_adapter", ("torch", "torchvision", "ultralytics"), "yolo"),
    "timm": Family("benchmark.models.timm_adapter", ("torch", "timm"), "timm"),
    "detectron2": Family("benchmark.models.detectron2_adapter", ("torch", "detectron2")),
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


class Adapter(Protocol):
    """What an adapter module offers."""

    def load(self, recipe: Recipe, device: str) -> Model:
        """Load onto `auto`, `cpu` or `cuda:0`.

        Raises WeightsUnreadable or DeviceUnavailable.
        """


def load_model(module: str, recipe: Recipe, device: str) -> Model:
    """Load a model through its family's adapter. Runs in the Host."""
    return cast(Adapter, importlib.import_module(module)).load(recipe, device)


def check_family(model_id: str, family: Family) -> None:
    """Raises FamilyMissing or LibraryMissing, which says what to install."""
    if not family.has_adapter:
        raise FamilyMissing(f"{model_id} cannot run yet: this version has no adapter {family.module}.")
    if family.missing:
        raise LibraryMissing(f"{model_id} cannot run: {family.install_hint}")
