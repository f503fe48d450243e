"""Who won, by how much, and whether the difference is real.

A model wins if the interval of the difference in score (see `resampling`) does not hold 0. What was measured without
any knowledge of its spread cannot decide on its own: the difference is drawn once with it as measured and once with it
equal for both, and the interval spans both. That holds for energy from a single window, for what is measured by image
where images are few, and for memory, which is one figure, where it differs by less than 5 %. Single metrics of that
kind have no interval; their winner is the plain better one, which was not tested.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmark.options import Weights
from benchmark.resampling import CONFIDENCE_LEVEL, RESAMPLES, Array, Contender, Resampled, interval, resample

TIE = "tie"

#: Differences in memory below this share of the larger one count for nothing.
_MEMORY_TOLERANCE = 0.05

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
    #: Composite scores of a and b, 0–1, their difference and its interval; None where nothing weighted was measured.
    composite: Mapping[str, float] | None
    #: The weights that were used, after those of unmeasured qualities were shared out.
    weights: Mapping[str, float]
    #: Per metric: a, b, winner, difference (a − b) and, where images allow, its interval.
    metrics: Mapping[str, Mapping[str, Any]]
    seed: int
    resamples: int = RESAMPLES
    confidence_level: float = CONFIDENCE_LEVEL

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
    return Verdict(winner, _sentence(winner, a, b, metrics, composite), composite, used, metrics, seed)


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
    low, high = _difference_interval(weights, measured, drawn)
    return {
        "a": float(score_a),
        "b": float(score_b),
        "difference": float(score_a - score_b),
        "ci_low": low,
        "ci_high": high,
    }


def _difference_interval(
    weights: Mapping[str, float], measured: _Qualities, drawn: tuple[Resampled, Resampled]
) -> tuple[float, float]:
    """Spans the interval with what has no known spread as measured, and the one with it equal for both."""
    draws = {quality: [getattr(each, _QUANTITIES[quality], None) for each in drawn] for quality in weights}
    as_drawn = {**measured, **{quality: (of_a, of_b) for quality, (of_a, of_b) in draws.items() if of_a is not None}}
    unsure = [quality for quality, (of_a, _) in draws.items() if of_a is None and not _certain(quality, measured)]
    equal = {**as_drawn, **dict.fromkeys(unsure, (1.0, 1.0))}
    lows, highs = zip(*(interval(_differences(weights, each)) for each in (as_drawn, equal)), strict=True)
    return min(lows), max(highs)


def _certain(quality: str, measured: _Qualities) -> bool:
    return quality == "memory" and not _same_memory(*measured[quality])


def _same_memory(a_mb: float, b_mb: float) -> bool:
    return abs(a_mb - b_mb) < _MEMORY_TOLERANCE * max(a_mb, b_mb)


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
    same = of_a == of_b if limits is None else limits[0] <= 0 <= limits[1]
    same = same or a.model_id == b.model_id or (name == "memory_mb" and _same_memory(of_a, of_b))
    entry["winner"] = TIE if same else (a if (of_a > of_b) == more else b).model_id
    return entry


def _sentence(
    winner: str,
    a: Contender,
    b: Contender,
    metrics: Mapping[str, Mapping[str, Any]],
    composite: Mapping[str, float] | None,
) -> str:
    if a.model_id == b.model_id:
        return f"A tie: {a.model_id} was compared with itself."
    if composite is None:
        return "A tie: nothing that has a weight could be measured."
    if winner == TIE:
        low, high = composite["ci_low"], composite["ci_high"]
        return (
            f"A tie: the difference in score, {composite['difference']:+.3f} [{low:+.3f}, {high:+.3f}], may be chance."
        )
    return f"{winner} wins: {', '.join(_advantages(metrics, a_wins=winner == a.model_id))}"


def _advantages(metrics: Mapping[str, Mapping[str, Any]], a_wins: bool) -> list[str]:
    """How the winner stands against the other, good and bad."""
    parts = [_accuracy_words(metrics["accuracy"], a_wins)]
    parts += _ratio_words(metrics["speed_ms"], a_wins, "faster", "slower", speed=True)
    parts += _ratio_words(metrics["energy_j_per_image"], a_wins, "less energy", "more energy")
    parts += _ratio_words(metrics["memory_mb"], a_wins, "less memory", "more memory")
    return parts


def _accuracy_words(entry: Mapping[str, Any], a_wins: bool) -> str:
    tested = entry["ci_low"] is not None
    sign = 100 if a_wins else -100
    difference = sign * entry["difference"]
    low, high = sorted((sign * entry["ci_low"], sign * entry["ci_high"])) if tested else (difference, difference)
    if entry["winner"] == TIE:
        return f"no certain difference in accuracy [{low:.1f}, {high:.1f}]"
    word = "better" if difference > 0 else "worse"
    low, high = (low, high) if difference > 0 else (-high, -low)
    limits = f"[{low:.1f}, {high:.1f}]" if tested else "in this run"
    return f"{abs(difference):.1f} points {word} in accuracy {limits}"


def _ratio_words(entry: Mapping[str, Any], a_wins: bool, good: str, bad: str, speed: bool = False) -> list[str]:
    """`12 % slower`: of a time it takes more of, or for speed how much more it gets done."""
    if entry["winner"] in (None, TIE):
        return []
    this, other = (entry["a"], entry["b"]) if a_wins else (entry["b"], entry["a"])
    less = other / this - 1 if speed else 1 - this / other
    change = this / other - 1 if this > other else less
    words = f"{100 * change:.0f} % {good if this < other else bad}"
    return [words] if not words.startswith("0 ") else []
