"""What a row of ``comparison_results`` says of each metric: both figures, who is better, and by how much.

A row may come from an older agent, or from anybody who may write one: what is missing or is no number is left out.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from agent.interval_bar import Advantage

Row = Mapping[str, Any]

_NEVER_ABOVE = 1e300  # a float that is larger is no measurement, and its square overflows


class Kind(Enum):
    """How a difference is said."""

    #: Shares: 0.935 is written 93.5, and differences are in points.
    POINTS = "points"
    #: By what factor one is better.
    FACTOR = "factor"
    #: A plain difference, which lies on no axis of the others.
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the table, and where its figures are."""

    name: str
    label: str
    unit: str
    kind: Kind
    #: Of a factor, what the better one is: "faster" says how much more it gets done, "less" how much less it takes.
    word: str = ""
    more_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A metric of both models."""

    metric: Metric
    a: float | None
    b: float | None
    #: "a", "b", or None: neither is better, or nobody judged.
    better: str | None
    #: None where one was not measured.
    advantage: Advantage | None
    p_value: float | None

    @property
    def is_beyond_chance(self) -> bool:
        """Whether there is an interval, and it says who is better."""
        return self.better is not None and self.advantage is not None and self.advantage.limits is not None


_SCORE = Metric("score", "score", "of 100", Kind.POINTS, more_is_better=True)
GROUPS: Mapping[str, tuple[Metric, ...]] = {
    "overall": (_SCORE,),
    "quality": (
        Metric("accuracy", "count accuracy", "%", Kind.POINTS, more_is_better=True),
        Metric("exact_count", "exact counts", "%", Kind.POINTS, more_is_better=True),
        Metric("f1_score", "F1", "%", Kind.POINTS, more_is_better=True),
        Metric("ap50", "AP50", "%", Kind.POINTS, more_is_better=True),
        Metric("ap50_95", "AP50-95", "%", Kind.POINTS, more_is_better=True),
        Metric("count_mae", "count error", "cars", Kind.PLAIN),
    ),
    "speed": (
        Metric("speed_ms", "speed, median", "ms", Kind.FACTOR, "faster"),
        Metric("latency_ms", "latency, p90", "ms", Kind.FACTOR, "faster"),
        Metric("throughput_fps", "throughput", "img/s", Kind.FACTOR, "more", more_is_better=True),
    ),
    "memory": (
        Metric("memory_mb", "memory, peak", "MiB", Kind.FACTOR, "less"),
        Metric("memory_above_empty_mb", "above empty", "MiB", Kind.FACTOR, "less"),
        Metric("gpu_memory_mb", "GPU memory", "MiB", Kind.FACTOR, "less"),
    ),
    "energy": (
        Metric("energy_j_per_image", "energy", "J/image", Kind.FACTOR, "less"),
        Metric("carbon_g_per_1k_images", "carbon", "g/1k img", Kind.FACTOR, "less"),
        Metric("green_score", "green score", "", Kind.PLAIN, more_is_better=True),
    ),
}


def lines(row: Row, group: str) -> Iterator[Line]:
    """Those of a group of which there is a figure of either model."""
    for metric in GROUPS[group]:
        line = _score(row) if metric is _SCORE else _measured(row, metric)
        if line.a is not None or line.b is not None:
            yield line


def number(value: Any) -> float | None:
    """A finite one; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _NEVER_ABOVE else None  # false for NaN too


def part(row: Any, *names: str) -> Mapping[str, Any]:
    """An object within objects; empty where there is none."""
    for name in names:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row if isinstance(row, Mapping) else {}


def _measured(row: Row, metric: Metric) -> Line:
    judged = part(row, "verdict", "metrics", metric.name)
    of_a, of_b = (number(part(row, f"model_{side}_metrics").get(metric.name)) for side in "ab")
    return _line(row, metric, of_a, of_b, judged)


def _score(row: Row) -> Line:
    judged = part(row, "verdict", "composite")
    winner = {"winner": row.get("winner")}
    return _line(row, _SCORE, number(judged.get("a")), number(judged.get("b")), {**judged, **winner})


def _line(row: Row, metric: Metric, of_a: float | None, of_b: float | None, judged: Row) -> Line:
    advantage = None if of_a is None or of_b is None else _advantage(metric, of_a, of_b, judged)
    better = _better(row, judged.get("winner")) if advantage else None
    return Line(metric, of_a, of_b, better, advantage, number(judged.get("p_value")))


def _better(row: Row, winner: Any) -> str | None:
    a, b = row.get("model_a_id"), row.get("model_b_id")
    if a == b or winner not in (a, b):
        return None
    return "a" if winner == a else "b"


def _advantage(metric: Metric, of_a: float, of_b: float, judged: Row) -> Advantage | None:
    if metric.kind is Kind.FACTOR:
        of_a_over_b = _log_ratio(of_a, of_b, judged)
    else:
        scale = 100.0 if metric.kind is Kind.POINTS else 1.0
        low, high = (number(judged.get(name)) for name in ("ci_low", "ci_high"))
        of_a_over_b = _sorted(scale * (of_a - of_b), *(None if end is None else scale * end for end in (low, high)))
    # So far it is how much more A has. Of what is good that is B's disadvantage.
    return of_a_over_b.flipped() if of_a_over_b and metric.more_is_better else of_a_over_b


def _log_ratio(of_a: float, of_b: float, judged: Row) -> Advantage | None:
    """A's figure over B's; None where either is 0, for which no factor can be said."""
    if of_a <= 0 or of_b <= 0:
        return None
    low, high = (number(judged.get(name)) for name in ("ratio_low", "ratio_high"))
    if low is None or high is None:  # an older row has the interval of the difference alone; B's figure is held fast
        ends = [number(judged.get(name)) for name in ("ci_low", "ci_high")]
        low, high = (None if end is None else 1 + end / of_b for end in ends)
    return _sorted(math.log(of_a) - math.log(of_b), *(None if end is None else _log(end) for end in (low, high)))


def _log(ratio: float) -> float:
    return math.log(ratio) if ratio > 0 else -math.inf


def _sorted(value: float, low: float | None, high: float | None) -> Advantage:
    if low is None or high is None:
        return Advantage(value)
    return Advantage(value, min(low, high), max(low, high))
