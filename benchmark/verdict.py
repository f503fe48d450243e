"""Who won, by how much, and whether the difference is real.

Both models saw every image, so their difference is judged paired: images are drawn with replacement, and a drawn
image brings both models' results along. Energy is known by window, and windows of the two take turns, so windows are
drawn in pairs likewise.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.metrics.matches import Matches
from benchmark.options import Weights

RESAMPLES = 2000
CONFIDENCE_LEVEL = 0.95
TIE = "tie"

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

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contender:
    """One model's side of a comparison."""

    model_id: str
    #: As they go into the result.
    metrics: Mapping[str, Any]
    #: Count accuracy of each image, 0–1.
    accuracies: Array
    #: Median single-stream time of each image, in ms.
    latencies_ms: Array
    #: True and false positives of each image.
    matches: tuple[Matches, ...]
    #: Energy per image of each offline window, in J; empty where it was not measured.
    energies_j: Array


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


@dataclass(frozen=True, slots=True)
class _Resampled:
    """Metrics of one model over resampled images, each of shape (resamples,)."""

    accuracy: Array
    f1_score: Array
    speed_ms: Array
    #: Over resampled windows, for energy is not known image by image.
    energy_j_per_image: Array | None


@dataclass(frozen=True, slots=True)
class _Draws:
    """Which images and windows each resample is made of; the same for both models."""

    #: Indices of shape (resamples, images).
    images: npt.NDArray[np.intp]
    #: Indices of shape (resamples, windows); None where energy was not measured.
    windows: npt.NDArray[np.intp] | None


def judge(a: Contender, b: Contender, weights: Weights, seed: int) -> Verdict:
    """Compare two models that saw the same images, in the same order, at least one."""
    draws = _draw(len(a.accuracies), len(a.energies_j), seed)
    drawn_a, drawn_b = _resample(a, draws), _resample(b, draws)
    used = _used_weights(a, b, weights)
    composite = _composite(a, b, used, drawn_a, drawn_b)
    metrics = _compare_metrics(a, b, drawn_a, drawn_b)
    winner = _winner(a, b, composite)
    return Verdict(winner, _sentence(winner, a, b, metrics, composite), composite, used, metrics, seed)


def _draw(images: int, windows: int, seed: int) -> _Draws:
    random = np.random.default_rng(seed)
    return _Draws(
        images=random.integers(0, images, size=(RESAMPLES, images)),
        windows=random.integers(0, windows, size=(RESAMPLES, windows)) if windows else None,
    )


def _resample(contender: Contender, draws: _Draws) -> _Resampled:
    counts = np.array([(each.tp, each.fp, each.fn) for each in contender.matches], float)
    tp, fp, fn = counts[draws.images].sum(axis=1).T
    total = 2 * tp + fp + fn
    energies = contender.energies_j
    return _Resampled(
        accuracy=contender.accuracies[draws.images].mean(axis=1),
        f1_score=np.divide(2 * tp, total, out=np.ones_like(total), where=total > 0),
        speed_ms=np.median(contender.latencies_ms[draws.images], axis=1),
        energy_j_per_image=energies[draws.windows].mean(axis=1)
        if energies.size and draws.windows is not None
        else None,
    )


def _drawn(resampled: _Resampled, quality: str) -> Any:
    return getattr(resampled, _QUANTITIES[quality])


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
    a: Contender, b: Contender, weights: Mapping[str, float], drawn_a: _Resampled, drawn_b: _Resampled
) -> dict[str, float] | None:
    if not weights:
        return None
    qualities: dict[str, tuple[Any, Any]] = {
        quality: (_quality(a, quality), _quality(b, quality)) for quality in weights
    }
    score_a, score_b = _scores(weights, qualities)
    # Memory is one figure, which no resampling varies.
    drawn = {
        quality: (_drawn(drawn_a, quality), _drawn(drawn_b, quality)) for quality in weights if quality != "memory"
    }
    many_a, many_b = _scores(weights, qualities | drawn)
    low, high = _interval(np.broadcast_to(many_a - many_b, (RESAMPLES,)))
    return {
        "a": float(score_a),
        "b": float(score_b),
        "difference": float(score_a - score_b),
        "ci_low": low,
        "ci_high": high,
        "share_a_better": float(np.mean(many_a > many_b)),
    }


def _scores(weights: Mapping[str, float], qualities: Mapping[str, tuple[Any, Any]]) -> tuple[Any, Any]:
    """Composite of a and b: accuracy itself, of everything else best/this."""
    score_a: Any = 0.0
    score_b: Any = 0.0
    for quality, (of_a, of_b) in qualities.items():
        best = np.minimum(of_a, of_b)
        score_a = score_a + weights[quality] * (of_a if quality == "accuracy" else best / of_a)
        score_b = score_b + weights[quality] * (of_b if quality == "accuracy" else best / of_b)
    return score_a, score_b


def _interval(differences: Array) -> tuple[float, float]:
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return float(low), float(high)


def _winner(a: Contender, b: Contender, composite: Mapping[str, float] | None) -> str:
    if a.model_id == b.model_id or composite is None or composite["ci_low"] <= 0 <= composite["ci_high"]:
        return TIE
    return a.model_id if composite["difference"] > 0 else b.model_id


def _compare_metrics(a: Contender, b: Contender, drawn_a: _Resampled, drawn_b: _Resampled) -> dict[str, dict[str, Any]]:
    compared = {}
    for name, more in _MORE_IS_BETTER.items():
        of_a, of_b = getattr(drawn_a, name, None), getattr(drawn_b, name, None)
        interval = None if of_a is None or of_b is None else _interval(of_a - of_b)
        compared[name] = _compare_metric(a, b, name, more, interval)
    return compared


def _compare_metric(
    a: Contender, b: Contender, name: str, more: bool, interval: tuple[float, float] | None
) -> dict[str, Any]:
    of_a, of_b = a.metrics[name], b.metrics[name]
    entry: dict[str, Any] = {"a": of_a, "b": of_b, "winner": None, "difference": None, "ci_low": None, "ci_high": None}
    if of_a is None or of_b is None:
        return entry
    if interval:
        entry["ci_low"], entry["ci_high"] = interval
    entry["difference"] = of_a - of_b
    tie = of_a == of_b or a.model_id == b.model_id or (interval is not None and interval[0] <= 0 <= interval[1])
    entry["winner"] = TIE if tie else (a if (of_a > of_b) == more else b).model_id
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
    points = [100 * entry[key] for key in ("difference", "ci_low", "ci_high")]
    difference, low, high = points if a_wins else (-points[0], -points[2], -points[1])
    if entry["winner"] == TIE:
        return f"no certain difference in accuracy [{low:.1f}, {high:.1f}]"
    if difference < 0:
        difference, low, high, word = -difference, -high, -low, "worse"
    else:
        word = "better"
    return f"{difference:.1f} points {word} in accuracy [{low:.1f}, {high:.1f}]"


def _ratio_words(entry: Mapping[str, Any], a_wins: bool, good: str, bad: str, speed: bool = False) -> list[str]:
    """`12 % slower`: of a time it takes more of, or for speed how much more it gets done."""
    if entry["winner"] in (None, TIE):
        return []
    this, other = (entry["a"], entry["b"]) if a_wins else (entry["b"], entry["a"])
    less = other / this - 1 if speed else 1 - this / other
    change = this / other - 1 if this > other else less
    words = f"{100 * change:.0f} % {good if this < other else bad}"
    return [words] if not words.startswith("0 ") else []
