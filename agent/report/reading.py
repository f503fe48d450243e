"""Reads what a row holds without trusting that it is there: an older agent, or a stranger, may have written it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an int that no float holds
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """An array, or an empty one."""
    return value if isinstance(value, list | tuple) else ()


def numbers(value: Any) -> list[float]:
    """Those of an array that are finite numbers."""
    return [each for each in map(number, sequence(value)) if each is not None]


def json_safe(value: Any) -> Any:
    """The same without NaN and infinities, which JSON has no words for: they become null."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(each) for each in value]
    return number(value) if isinstance(value, float) else value
