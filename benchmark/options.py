"""What a person can choose about one comparison."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from benchmark.errors import InvalidOptions


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each quality counts in the composite score. They add up to 1."""

    accuracy: float = 0.4
    speed: float = 0.3
    green: float = 0.2
    memory: float = 0.1

    def as_dict(self) -> dict[str, float]:
        """By name."""
        return asdict(self)

    @staticmethod
    def parse(value: Any) -> "Weights":
        """From a mapping of name to any number ≥ 0; a name left out counts nothing. Scaled to add up to 1."""
        names = [each.name for each in fields(Weights)]
        if not isinstance(value, Mapping):
            raise InvalidOptions(f"weights must be an object with any of {', '.join(names)}.")
        if unknown := sorted(set(value) - set(names)):
            raise InvalidOptions(
                f"weights has unknown names {', '.join(map(str, unknown))}; known: {', '.join(names)}."
            )
        given = {name: _number(f"weights.{name}", value.get(name, 0.0), low=0.0, high=1000.0) for name in names}
        total = sum(given.values())
        if total == 0:
            raise InvalidOptions("weights are all 0; at least one must count.")
        return Weights(**{name: weight / total for name, weight in given.items()})


@dataclass(frozen=True, slots=True)
class Options:
    """Options of one comparison; `parse` reads what a person wrote, and is strict."""

    #: Score above which a detection counts, 0–1. AP uses all detections, whatever this is.
    confidence: float = 0.25
    #: Class names that count as cars.
    classes: tuple[str, ...] = ("car",)
    #: Single-stream time per model in seconds, at least.
    min_seconds: float = 5.0
    #: Length of one offline window in seconds, at least.
    window_seconds: float = 5.0
    #: Offline windows per model. Of two, Student's t says next to nothing about energy.
    windows: int = 4
    #: Images per offline batch; None lets a short sweep choose one for both models.
    batch_size: int | None = None
    #: Whether both models go on on the processor where the GPU's memory does not hold one of them.
    cpu_fallback: bool = False
    weights: Weights = field(default_factory=Weights)
    seed: int = 0

    @staticmethod
    def parse(mapping: Mapping[str, Any]) -> "Options":
        """From the `options` of a job.

        Raises InvalidOptions, which names the key and what it may be.
        """
        if not isinstance(mapping, Mapping):
            raise InvalidOptions("options must be an object.")
        if unknown := sorted(set(mapping) - set(_PARSERS)):
            raise InvalidOptions(
                f"Unknown options {', '.join(map(str, unknown))}; known: {', '.join(sorted(_PARSERS))}."
            )
        return Options(**{key: _PARSERS[key](value) for key, value in mapping.items()})

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; the classes as a list."""
        return asdict(self) | {"classes": list(self.classes)}


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidOptions(f"{name} must be a number, not {value!r}.")
    if not low <= value <= high:
        raise InvalidOptions(f"{name} must be from {low:g} to {high:g}, not {value:g}.")
    return float(value)


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidOptions(f"{name} must be a whole number, not {value!r}.")
    return int(_number(name, value, low, high))


def _classes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(each, str) and each for each in value):
        raise InvalidOptions('classes must be a list of class names, as ["car"].')
    return tuple(dict.fromkeys(value))


def _true_or_false(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidOptions(f"{name} must be true or false, not {value!r}.")
    return value


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "batch_size": lambda value: None if value is None else _whole("batch_size", value, 1, 256),
    "classes": _classes,
    "confidence": lambda value: _number("confidence", value, 0.001, 0.999),
    "cpu_fallback": lambda value: _true_or_false("cpu_fallback", value),
    "min_seconds": lambda value: _number("min_seconds", value, 0.1, 600),
    "seed": lambda value: _whole("seed", value, 0, 2**31 - 1),
    "weights": Weights.parse,
    "window_seconds": lambda value: _number("window_seconds", value, 0.5, 120),
    "windows": lambda value: _whole("windows", value, 1, 20),
}
