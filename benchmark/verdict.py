"""Who won, by how much, and whether the difference is real.

A model wins if the interval of the difference in score (see `resampling`) does not hold 0. Some qualities cannot decide
on their own: those measured without any knowledge of their spread (energy from a single window, whatever is known by
image where images are few), and those that differ by less than RESOLUTION. The interval spans two: the one with them as
measured, and the one with them equal for both models.

RESOLUTION is there because two Hosts of the same weights differ too: what a process happens to get (memory pages,
neighbours on the machine, an allocator's history) stays with it for its life, so that no repetition within a comparison
shows it. On two shared cores some 2 % were seen as a rule and 7 % now and then. Smaller differences are none that
anyone should choose a model for. Memory is one figure, so RESOLUTION is all that it is held against.

Single metrics follow the same rules. One without an interval (`ci_low` is None) was not tested: its winner is the plain
better one if they differ by RESOLUTION, and None where no RESOLUTION is defined for it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmark.options import Weights
from benchmark.resampling import CONFIDENCE_LEVEL, RESAMPLES, Array, Contender, Resampled, interval, resample
from benchmark.sentence import TIE, describe

#: Smallest difference that counts, as a share of the larger figure, of metrics in _RATIOS.
RESOLUTION = 0.05
_RATIOS = {"speed_ms", "latency_ms", "throughput_fps", "memory_mb", "energy_j_per_image", "carbon_g_per_1k_images"}

#: Metrics that are compared one by one, and whether more is better.
_MORE_IS_BETTER = {
    "accuracy": True,
    "f1_score": True,
    "speed_ms": False,
    "latency_ms": False,
    "throughput_fps": True,
    "memory_mb": False,
    "energy_j_per_image": False,
    "carbon_g_per_1k_images": False,
    "green_score": True,
}

#: What the composite is made of: each quality and the metric behind it.
_QUANTITIES = {"accuracy": "accuracy", "speed": "speed_ms", "green": "energy_j_per_image", "memory": "memory_mb"}

#: Each quality of a and b: figures, or draws of them.
_Qualities = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome; `to_json` is what is stored."""

    #: A model id, or `tie`.
    winner: str
    sentence: str
    #: Composite scores of a and b, 0–1, their difference, its interval, and the share of draws in which a was better
    #: (draws that tie count half); None where nothing weighted was measured.
    composite: Mapping[str, float] | None
    #: The weights that were used, after those of unmeasured qualities were shared out.
    weights: Mapping[str, float]
    #: Per metric: a, b, winner, difference (a − b) and its interval; None where it is not known.
    metrics: Mapping[str, Mapping[str, Any]]
    seed: int
    resamples: int = RESAMPLES
    confidence_level: float = CONFIDENCE_LEVEL
    #: Smallest difference that counts, as a share, of times, throughput, energy and memory.
    resolution: float = RESOLUTION

    def to_json(self) -> dict[str, Any]:
        """`verdict` of the result."""
        return asdict(self)


def judge(a: Contender, b: Contender, weights: Weights, seed: int) -> Verdict:
    """Compare two models that saw the same images, in the same order, at least one."""
    drawn = resample(a, b, seed)
    used = _used_weights(a, b, weights)
    composite = _composite(a, b, used, drawn)
    metrics = _compare_metrics(a, b, drawn)
    winner = _winner(a, b, composite)
    return Verdict(winner, describe(winner, a, b, metrics, composite), composite, used, metrics, seed)


def _used_weights(a: Contender, b: Contender, weights: Weights) -> dict[str, float]:
    """What was not measured for both drops out; its weight is shared among the rest in proportion."""
    kept = {
        quality: weight
        for quality, weight in weights.as_dict().items()
        if None not in (_quality(a, quality), _quality(b, quality))
    }
    total = sum(kept.values())
    return {quality: round(weight / total, 6) for quality, weight in kept.items()} if total else {}


def _quality(contender: Contender, quality: str) -> float | None:
    value: float | None = contender.metrics[_QUANTITIES[quality]]
    return value


def _composite(
    a: Contender, b: Contender, weights: Mapping[str, float], drawn: tuple[Resampled, Resampled]
) -> dict[str, float] | None:
    if not weights:
        return None
    measured = {quality: (_quality(a, quality), _quality(b, quality)) for quality in weights}
    score_a, score_b = _scores(weights, measured)
    draws = [_differences(weights, each) for each in _cases(measured, drawn)]
    lows, highs = zip(*(interval(each) for each in draws), strict=True)
    return {
        "a": float(score_a),
        "b": float(score_b),
        "difference": float(score_a - score_b),
        "ci_low": min(lows),
        "ci_high": max(highs),
        "share_a_better": float(np.mean(np.sign(draws) + 1) / 2),
    }


def _cases(measured: _Qualities, drawn: tuple[Resampled, Resampled]) -> tuple[_Qualities, _Qualities]:
    """Draws of all qualities: with those that cannot decide as measured, and with those equal for both."""
    draws = {quality: [getattr(each, _QUANTITIES[quality], None) for each in drawn] for quality in measured}
    known = {quality: (of_a, of_b) for quality, (of_a, of_b) in draws.items() if of_a is not None}
    unsure = [
        quality
        for quality, figures in measured.items()
        if _same(_QUANTITIES[quality], *figures) or (quality not in known and quality != "memory")
    ]
    as_measured = {**measured, **known}
    return as_measured, {**as_measured, **dict.fromkeys(unsure, (1.0, 1.0))}


def _same(metric: str, of_a: float, of_b: float) -> bool:
    return metric in _RATIOS and abs(of_a - of_b) < RESOLUTION * max(of_a, of_b)


def _differences(weights: Mapping[str, float], qualities: _Qualities) -> Array:
    many_a, many_b = _scores(weights, qualities)
    return np.broadcast_to(many_a - many_b, (RESAMPLES,))


def _scores(weights: Mapping[str, float], qualities: _Qualities) -> tuple[Any, Any]:
    """Composite of a and b: accuracy itself, of everything else best/this."""
    score_a: Any = 0.0
    score_b: Any = 0.0
    for quality, (of_a, of_b) in qualities.items():
        best = np.minimum(of_a, of_b)
        score_a = score_a + weights[quality] * (of_a if quality == "accuracy" else best / of_a)
        score_b = score_b + weights[quality] * (of_b if quality == "accuracy" else best / of_b)
    return score_a, score_b


def _winner(a: Contender, b: Contender, composite: Mapping[str, float] | None) -> str:
    if a.model_id == b.model_id or composite is None or composite["ci_low"] <= 0 <= composite["ci_high"]:
        return TIE
    return a.model_id if composite["ci_low"] > 0 else b.model_id


def _compare_metrics(a: Contender, b: Contender, drawn: tuple[Resampled, Resampled]) -> dict[str, dict[str, Any]]:
    compared = {}
    for name, more in _MORE_IS_BETTER.items():
        of_a, of_b = (getattr(each, name, None) for each in drawn)
        limits = None if of_a is None or of_b is None else interval(of_a - of_b)
        compared[name] = _compare_metric(a, b, name, more, limits)
    return compared


def _compare_metric(
    a: Contender, b: Contender, name: str, more: bool, limits: tuple[float, float] | None
) -> dict[str, Any]:
    of_a, of_b = a.metrics[name], b.metrics[name]
    entry: dict[str, Any] = {"a": of_a, "b": of_b, "winner": None, "difference": None, "ci_low": None, "ci_high": None}
    if of_a is None or of_b is None:
        return entry
    if limits:
        entry["ci_low"], entry["ci_high"] = limits
    entry["difference"] = of_a - of_b
    if a.model_id == b.model_id or of_a == of_b or _same(name, of_a, of_b) or (limits and limits[0] <= 0 <= limits[1]):
        entry["winner"] = TIE
    elif limits or name in _RATIOS:
        entry["winner"] = (a if (of_a > of_b) == more else b).model_id
    return entry
