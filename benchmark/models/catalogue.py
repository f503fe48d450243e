"""The one place that names models."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from benchmark.errors import BadCatalogue, CannotDetectCars, UnknownModel, UnknownRuntime
from benchmark.models.family import FAMILIES, NO_ADVICE, Family
from benchmark.models.runtime import RUNTIMES, TORCH

DEFAULT_CATALOGUE = Path(__file__).with_name("catalogue.toml")

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: As the table `models` wants them; a winner named `tie` could not be told from none.
_ID = re.compile(r"(?!tie$)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TASK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KINDS = {"fill-mask": "a language model", "automatic-speech-recognition": "a speech model"}


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """The file that holds what a model has learned."""

    #: File name, or a path relative to the catalogue's folder, or an absolute path.
    file: str
    #: Of the file, in hex; several where its publisher replaced it by an equivalent one. Empty: not known.
    sha256: tuple[str, ...] = ()
    #: Where it is published.
    url: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model of the catalogue."""

    id: str
    name: str
    #: Name of a family; None for a model that is only listed.
    family: str | None
    #: What that family needs.
    adapter: Family | None
    #: As model hubs name it: `object-detection`, `image-classification`, …
    task: str
    can_detect_cars: bool
    description: str
    weights: WeightsFile | None
    #: The catalogue's, where relative weights are looked for first.
    folder: Path
    #: Longer side of the image that the model sees, in pixels.
    input_size: int
    #: The model's own class names to ours; a class that is not in it keeps its name.
    classes: Mapping[str, str]
    #: Libraries and their versions that this model needs, as `ultralytics>=8.3`.
    requires: tuple[str, ...] = ()
    #: Names of the runtimes that it can be run by, its own first.
    runtimes: tuple[str, ...] = ()
    #: What only its family understands.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: What runs it; part of its id after an `@` unless it is the first of the runtimes.
    runtime: str | None = None
    #: Id without the runtime.
    base_id: str = ""

    @property
    def kind(self) -> str:
        """What it is, in the middle of a sentence."""
        return _KINDS.get(self.task, f"a model for {self.task}")

    def variant(self, runtime: str) -> "ModelEntry":
        """The same model, run by another runtime.

        Raises UnknownRuntime, which lists those there are.
        """
        if runtime not in self.runtimes:
            offered = ", ".join(f"{self.base_id}@{each}" for each in self.runtimes[1:])
            raise UnknownRuntime(
                f"{self.base_id} cannot be run as @{runtime}. "
                + (f"It can be run as: {self.base_id}, {offered}." if offered else f"There is only {self.base_id}.")
            )
        model_id = self.base_id if runtime == self.runtimes[0] else f"{self.base_id}@{runtime}"
        return replace(self, id=model_id, runtime=runtime)

    @property
    def variants(self) -> "list[ModelEntry]":
        """The model in each of its runtimes, its own first."""
        return [self.variant(each) for each in self.runtimes]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Models by id, in the order of the file."""

    models: Mapping[str, ModelEntry]

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(self.models.values())

    def __len__(self) -> int:
        return len(self.models)

    def __getitem__(self, model_id: str) -> ModelEntry:
        """The entry of that id, which may name a runtime: `Trained_yolov8@onnx`.

        Raises UnknownModel or UnknownRuntime, which list what there is.
        """
        base_id, at, runtime = model_id.partition("@")
        if base_id not in self.models:
            raise UnknownModel(f"There is no model {model_id!r}. Models: {', '.join(self.models)}.")
        entry = self.models[base_id]
        return entry.variant(runtime) if at else entry

    def detector(self, model_id: str) -> ModelEntry:
        """The entry of a model that can find cars.

        Raises UnknownModel, or CannotDetectCars, which names those that can.
        """
        entry = self[model_id]
        if not entry.can_detect_cars:
            able = ", ".join(each.id for each in self if each.can_detect_cars)
            raise CannotDetectCars(f"{entry.id} is {entry.kind} and cannot detect cars. Models that can: {able}.")
        return entry


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read a catalogue, by default the one that comes with the package.

    Raises BadCatalogue, which says where it is wrong.
    """
    source = path or DEFAULT_CATALOGUE
    try:
        data = tomllib.loads(source.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCatalogue(f"The catalogue {source} cannot be read: {error}") from error
    families = dict(FAMILIES) | {name: _family(name, table) for name, table in _tables(data, "families").items()}
    folder = source.resolve().parent
    tables = _tables(data, "models")
    return Catalogue({model_id: _entry(model_id, table, families, folder) for model_id, table in tables.items()})


def _tables(data: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    tables = data.get(key, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise BadCatalogue(f"[{key}] must hold one table for each of its names.")
    return tables


def _family(name: str, table: dict[str, Any]) -> Family:
    where = f"families.{name}"
    _known(where, table, {"module", "requires", "advice", "runtimes", "has_thresholds"})
    family = Family(
        module=_text(where, table, "module"),
        requires=_texts(where, table, "requires", ()),
        advice=table.get("advice", NO_ADVICE),
        runtimes=_texts(where, table, "runtimes", (TORCH,)),
        has_thresholds=table.get("has_thresholds", False) is True,
    )
    if not set(family.runtimes) <= set(RUNTIMES) or not family.runtimes:
        raise BadCatalogue(f"{where}: runtimes must be some of {', '.join(RUNTIMES)}.")
    return family


def _texts(where: str, table: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = table.get(key, default)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise BadCatalogue(f"{where}: {key} must be a list of texts.")
    return tuple(value)


def _entry(model_id: str, table: dict[str, Any], families: Mapping[str, Family], folder: Path) -> ModelEntry:
    where = f"models.{model_id}"
    _known(where, table, set(ModelEntry.__slots__) - {"id", "adapter", "folder", "runtime", "base_id"})
    if not _ID.fullmatch(model_id):
        raise BadCatalogue(
            f"{where}: an id is of letters, digits, _ . and -, at most 64, begins with one of the first two, "
            "and is not tie."
        )
    family = table.get("family")
    if family is not None and family not in families:
        raise BadCatalogue(f"{where}: there is no family {family!r}. Families: {', '.join(families)}.")
    return ModelEntry(
        id=model_id,
        name=_text(where, table, "name"),
        family=family,
        adapter=families[family] if family else None,
        task=_task(where, table),
        can_detect_cars=_can_detect_cars(where, table),
        description=_text(where, table, "description"),
        weights=_weights(f"{where}.weights", table["weights"]) if "weights" in table else None,
        folder=folder,
        input_size=_size(where, table.get("input_size", 640)),
        classes=dict(table.get("classes", {})),
        requires=_requirements(where, table.get("requires", [])),
        runtimes=(runtimes := _runtimes(where, table, families[family] if family else None)),
        parameters=dict(table.get("parameters", {})),
        runtime=runtimes[0] if runtimes else None,
        base_id=model_id,
    )


def _requirements(where: str, given: Any) -> tuple[str, ...]:
    try:
        return tuple(str(Requirement(each)) for each in given)
    except (InvalidRequirement, TypeError) as error:
        raise BadCatalogue(f'{where}: requires must be a list like ["ultralytics>=8.3"]: {error}') from error


def _runtimes(where: str, table: Mapping[str, Any], family: Family | None) -> tuple[str, ...]:
    """Those of the family unless the entry names its own, the first of which is its default."""
    if family is None:
        return ()
    chosen = _texts(where, table, "runtimes", family.runtimes)
    if not chosen or not set(chosen) <= set(family.runtimes) or len(set(chosen)) < len(chosen):
        raise BadCatalogue(f"{where}: runtimes must be some of {', '.join(family.runtimes)}, each once.")
    return chosen


def _weights(where: str, table: dict[str, Any]) -> WeightsFile:
    _known(where, table, set(WeightsFile.__slots__))
    given = table.get("sha256", [])
    hashes = tuple([given] if isinstance(given, str) else given)
    if not all(isinstance(each, str) and _SHA256.fullmatch(each) for each in hashes):
        raise BadCatalogue(f"{where}: sha256 must be 64 hex digits in small letters, or a list of such.")
    url, licence = (_text(where, table, name) if name in table else None for name in ("url", "licence"))
    return WeightsFile(_text(where, table, "file"), hashes, url, licence)


def _known(where: str, table: Mapping[str, Any], names: set[str]) -> None:
    if unknown := sorted(set(table) - names):
        raise BadCatalogue(f"{where}: unknown keys {', '.join(unknown)}; known: {', '.join(sorted(names))}.")


def _text(where: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise BadCatalogue(f"{where}: {key} must be a text.")
    return value


def _can_detect_cars(where: str, table: Mapping[str, Any]) -> bool:
    can = table.get("can_detect_cars", False)
    if can not in (True, False) or (can and ("family" not in table or table.get("task") in _KINDS)):
        raise BadCatalogue(f"{where}: can_detect_cars is true or false, and true for a family that sees images alone.")
    return bool(can)


def _task(where: str, table: Mapping[str, Any]) -> str:
    task = _text(where, table, "task")
    if not _TASK.fullmatch(task):
        raise BadCatalogue(f"{where}: task must be written as model hubs do, like object-detection.")
    return task


def _size(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 32 <= value <= 4096:
        raise BadCatalogue(f"{where}: input_size must be a whole number of pixels from 32 to 4096.")
    return value
