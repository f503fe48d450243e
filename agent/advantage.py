"""Which model is better by a metric, by how much, and how sure that is, as a row of ``comparison_results`` tells it.

The verdict's estimate is paired, and on a machine that drifted it is not what both figures give. So it is what is
shown wherever there is one, for its interval is around it; the figures are compared only where there is none.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from agent.reading import mapping, number

Row = Mapping[str, Any]


class Scale(Enum):
    """How two figures are compared."""

    #: By the natural logarithm of their ratio.
    RATIO = "ratio"
    #: 0.935 is written 93.5, and a difference is in points, of which there are 100.
    SHARE = "share"
    #: By their plain difference.
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Measure:
    """What a metric's figures are."""

    scale: Scale
    more_is_better: bool = False


_QUALITY, _COST = Measure(Scale.SHARE, more_is_better=True), Measure(Scale.RATIO)
COMPOSITE = "composite"
#: By name, with the composite score, which has a place of its own in the verdict.
MEASURES: Mapping[str, Measure] = {
    **dict.fromkeys((COMPOSITE, "accuracy", "exact_count", "f1_score", "ap50", "ap50_95"), _QUALITY),
    **dict.fromkeys(("speed_ms", "latency_ms", "memory_mb", "memory_above_empty_mb", "gpu_memory_mb"), _COST),
    **dict.fromkeys(("energy_j_per_image", "carbon_g_per_1k_images"), _COST),
    "throughput_fps": Measure(Scale.RATIO, more_is_better=True),
    "count_mae": Measure(Scale.PLAIN),
    "green_score": Measure(Scale.PLAIN, more_is_better=True),
}


@dataclass(frozen=True, slots=True)
class Advantage:
    """How much better B is than A: negative where A is better, and 0 where neither is.

    In points, or as the natural logarithm of a factor. The limits are those of the interval; None where untested.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def limits(self) -> tuple[float, float] | None:
        """The lower and the upper one; None where either is not known."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def flipped(self) -> "Advantage":
        """How much better A is than B."""
        low, high = (None if end is None else 0.0 - end for end in (self.high, self.low))
        return Advantage(0.0 - self.value, low, high)


@dataclass(frozen=True, slots=True)
class Standing:
    """Both models by one metric."""

    #: The models' own figures; None where not measured.
    a: float | None
    b: float | None
    #: "a", "b", or None: neither is better, or nobody judged.
    better: str | None = None
    #: None where the two cannot be compared.
    advantage: Advantage | None = None
    p_value: float | None = None
    test: str = ""

    @property
    def is_beyond_chance(self) -> bool:
        """Whether there is an interval, and it says who is better."""
        return self.better is not None and self.advantage is not None and self.advantage.limits is not None


def standing(row: Row, name: str) -> Standing | None:
    """By one of MEASURES; None where there is a figure of neither model."""
    entry = _entry(row, name)
    a, b = (number(mapping(row, f"model_{side}_metrics").get(name, entry.get(side))) for side in "ab")
    if a is None and b is None:
        return None
    advantage = None if a is None or b is None else _advantage(MEASURES[name], a, b, entry)
    better = _side(row, entry.get("winner")) if advantage else None
    return Standing(a, b, better, advantage, number(entry.get("p_value")), str(entry.get("test") or ""))


def _entry(row: Row, name: str) -> Row:
    if name != COMPOSITE:
        return mapping(row, "verdict", "metrics", name)
    return {"test": "bootstrap", **mapping(row, "verdict", COMPOSITE), "winner": row.get("winner")}


def _side(row: Row, winner: Any) -> str | None:
    a, b = row.get("model_a_id"), row.get("model_b_id")
    if a == b or winner is None or winner not in (a, b):
        return None
    return "a" if winner == a else "b"


def _advantage(measure: Measure, a: float, b: float, entry: Row) -> Advantage | None:
    if measure.scale is Scale.RATIO:
        more_of_a = _log_ratio(a, b, entry)
    else:
        scale = 100.0 if measure.scale is Scale.SHARE else 1.0
        value, low, high = (number(entry.get(key)) for key in ("difference", "ci_low", "ci_high"))
        value, low, high = (None if each is None else scale * each for each in (value, low, high))
        more_of_a = _sorted(scale * (a - b) if value is None else value, low, high)
    # Of what is good, more of it for A is B's disadvantage.
    return more_of_a.flipped() if more_of_a and measure.more_is_better else more_of_a


def _log_ratio(a: float, b: float, entry: Row) -> Advantage | None:
    """Of A's figure over B's; None where either is 0, for which no factor can be said."""
    if a <= 0 or b <= 0:
        return None
    value, low, high = (number(entry.get(key)) for key in ("ratio", "ratio_low", "ratio_high"))
    if value is None or value <= 0:  # an older row has the difference alone; B's figure is held fast
        differences = (number(entry.get(key)) for key in ("difference", "ci_low", "ci_high"))
        value, low, high = (None if each is None else 1 + each / b for each in differences)
    low, high = (None if end is None else _log(end) for end in (low, high))
    return _sorted(math.log(a) - math.log(b) if value is None or value <= 0 else math.log(value), low, high)


def _log(ratio: float) -> float:
    """An interval may reach below the ratios that there are."""
    return math.log(ratio) if ratio > 0 else -math.inf


def _sorted(value: float, low: float | None, high: float | None) -> Advantage:
    if low is None or high is None:
        return Advantage(value)
    return Advantage(value, min(low, high), max(low, high))
