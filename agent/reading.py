"""Reads what a row holds without trusting that it is there: an older agent, or a stranger, may have written it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

_NEVER_ABOVE = 1e300  # a float that is larger is no measurement, and its square overflows


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _NEVER_ABOVE else None  # false for NaN too


def mapping(value: Any, *names: str) -> Mapping[str, Any]:
    """An object, or the one at `names` within it; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
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
    return None if isinstance(value, float) and not math.isfinite(value) else value
