"""Who won, by how much, and whether the difference is real.

A model wins if the interval of the difference in composite score does not hold 0. How much the two differ in each
metric, and how surely, is estimated from pairs (see `estimates`), in the composite as in each metric's own entry, so
that no figure contradicts its interval. `a` and `b` of an entry are the models' own figures, as the result shows them;
`difference` and `ratio` are the paired estimates, and may differ a little from what a and b give. Differences of what
is estimated as a ratio are taken around the geometric middle of a and b.

Some qualities cannot decide on their own: those measured without any knowledge of their spread (energy from a single
window, whatever is known by image where images are few), and those whose interval reaches below RESOLUTION. The
interval of the composite spans two: the one with them as estimated, and the one with them equal for both models.

RESOLUTION is there because two Hosts of the same weights differ too: what a process happens to get (memory pages,
neighbours on the machine, an allocator's history) stays with it for its life, so that no repetition within a comparison
shows it. On two shared cores some 2 % were seen as a rule and 7 % now and then. Smaller differences are none that
anyone should choose a model for. Memory is one figure, taken to be right within RESOLUTION, so it takes twice that to
decide the composite.

Single metrics follow the same rules: one has a winner if its p-value is below 1 − CONFIDENCE_LEVEL, which is where its
interval does not hold no difference, and if the estimate itself reaches RESOLUTION. (Of `exact_count` the p-value alone
decides, since McNemar's test is exact and its interval is the bootstrap's; the two can disagree at the edge.) One
without a p-value was not tested: its winner is the plain better one if they differ by RESOLUTION, and None where no
RESOLUTION is defined for it. For each metric on its own one false winner in 20 is expected of equal models; the
composite alone decides the comparison.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmark.estimates import Estimate, estimate_all
from benchmark.options import Weights
from benchmark.resampling import RESAMPLES, Contender
from benchmark.sentence import TIE, describe
from benchmark.significance import CONFIDENCE_LEVEL, Array, interval

#: Smallest difference that counts, as a share of the larger figure, of metrics in RATIOS.
RESOLUTION = 0.05
#: Half of the interval that a ratio without one is taken to have.
_SLACK = -math.log(1 - RESOLUTION)
#: Metrics whose ratio means something.
RATIOS = {"speed_ms", "latency_ms", "throughput_fps", "memory_mb", "energy_j_per_image", "carbon_g_per_1k_images"}
#: Points of the green score that come of RESOLUTION in both its time and its carbon, which often go together.
_GREEN_RESOLUTION = -2 * 100 / 7 * math.log10(1 - RESOLUTION)

#: Metrics that are compared one by one, and whether more is better.
_MORE_IS_BETTER = {
    "accuracy": True,
    "exact_count": True,
    "f1_score": True,
    "count_mae": False,
    "speed_ms": False,
    "latency_ms": False,
    "throughput_fps": True,
    "memory_mb": False,
    "energy_j_per_image": False,
    "carbon_g_per_1k_images": False,
    "green_score": True,
}

#: What the composite is made of: each quality and the metric behind it.
_METRICS = {"accuracy": "accuracy", "speed": "speed_ms", "green": "energy_j_per_image", "memory": "memory_mb"}

#: By quality: the difference in accuracy, of all others the log ratio; figures, or draws of them.
_Qualities = Mapping[str, Any]


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
    #: Per metric: a, b, winner, difference (a − b) and ratio (a / b) with their intervals, p_value and test; None where
    #: it is not known.
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
    estimates = estimate_all(a, b, seed)
    used = _used_weights(weights, estimates)
    composite = _composite(a, b, used, estimates)
    metrics = {name: _compare(a, b, name, estimates.get(name)) for name in _MORE_IS_BETTER}
    winner = _winner(a, b, composite)
    return Verdict(winner, describe(winner, a, b, metrics, composite), composite, used, metrics, seed)


def _used_weights(weights: Weights, estimates: Mapping[str, Estimate]) -> dict[str, float]:
    """What was not measured for both drops out; its weight is shared among the rest in proportion."""
    kept = {quality: weight for quality, weight in weights.as_dict().items() if _METRICS[quality] in estimates}
    total = sum(kept.values())
    return {quality: round(weight / total, 6) for quality, weight in kept.items()} if total else {}


def _composite(
    a: Contender, b: Contender, weights: Mapping[str, float], estimates: Mapping[str, Estimate]
) -> dict[str, float] | None:
    if not weights:
        return None
    of_qualities = {quality: estimates[_METRICS[quality]] for quality in weights}
    measured = {quality: estimate.value for quality, estimate in of_qualities.items()}
    draws = [_differences(weights, each) for each in _cases(of_qualities)]
    lows, highs = zip(*(interval(each) for each in draws), strict=True)
    score_a, score_b = (_score(each, weights, measured, sign) for each, sign in ((a, 1), (b, -1)))
    return {
        "a": score_a,
        "b": score_b,
        "difference": score_a - score_b,
        "ci_low": min(lows),
        "ci_high": max(highs),
        "share_a_better": float(np.mean(np.sign(draws) + 1) / 2),
    }


def _cases(estimates: Mapping[str, Estimate]) -> tuple[_Qualities, _Qualities]:
    """Draws of all qualities: with those that cannot decide as measured, and with those equal for both."""
    drawn = {
        quality: estimate.value if estimate.draws is None else estimate.draws for quality, estimate in estimates.items()
    }
    unsure = [
        quality
        for quality, estimate in estimates.items()
        if _same(_METRICS[quality], _surely(estimate)) or (estimate.draws is None and quality != "memory")
    ]
    return drawn, {**drawn, **dict.fromkeys(unsure, 0.0)}


def _surely(estimate: Estimate) -> float:
    """The least that the two differ by, if the interval is right."""
    low, high = estimate.interval or (estimate.value - _SLACK, estimate.value + _SLACK)
    return max(low, -high, 0.0)


def _same(metric: str, value: float) -> bool:
    """Whether the two differ by less than RESOLUTION; `value` is that of an Estimate."""
    if metric == "green_score":
        return abs(value) < _GREEN_RESOLUTION
    return metric in RATIOS and math.exp(-abs(value)) > 1 - RESOLUTION


def _score(contender: Contender, weights: Mapping[str, float], qualities: _Qualities, sign: int) -> float:
    """Composite of one model: its accuracy, of everything else best/this; `sign` is −1 for b."""
    return sum(
        weight
        * float(contender.metrics["accuracy"] if quality == "accuracy" else _best_over(sign * qualities[quality]))
        for quality, weight in weights.items()
    )


def _differences(weights: Mapping[str, float], qualities: _Qualities) -> Array:
    total: Any = 0.0
    for quality, value in qualities.items():
        better = value if quality == "accuracy" else _best_over(value) - _best_over(-value)
        total = total + weights[quality] * better
    return np.broadcast_to(total, (RESAMPLES,))


def _best_over(log_ratio: Any) -> Any:
    """The smaller of two figures divided by this one, whose log ratio to the other is given."""
    return np.exp(np.minimum(0.0, -log_ratio))


def _winner(a: Contender, b: Contender, composite: Mapping[str, float] | None) -> str:
    if a.model_id == b.model_id or composite is None or composite["ci_low"] <= 0 <= composite["ci_high"]:
        return TIE
    return a.model_id if composite["ci_low"] > 0 else b.model_id


def _compare(a: Contender, b: Contender, name: str, estimate: Estimate | None) -> dict[str, Any]:
    """One entry of `metrics`; every key is there."""
    of_a, of_b = a.metrics[name], b.metrics[name]
    keys = ("winner", "difference", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "p_value", "test")
    entry = {"a": of_a, "b": of_b} | dict.fromkeys(keys)
    if estimate is None:
        return entry
    low, high = estimate.interval or (None, None)
    logs = (estimate.value, low, high)
    if name in RATIOS:
        middle = math.sqrt(of_a * of_b)
        entry |= _named(("ratio", "ratio_low", "ratio_high"), logs, math.exp)
        entry |= _named(("difference", "ci_low", "ci_high"), logs, lambda log: 2 * middle * math.sinh(log / 2))
    else:
        entry |= _named(("difference", "ci_low", "ci_high"), logs, float)
    winner = _better(a, b, name, estimate)
    return entry | {"winner": winner, "p_value": estimate.p_value, "test": estimate.test}


def _named(
    keys: tuple[str, ...], values: tuple[float | None, ...], convert: Callable[[float], float]
) -> dict[str, float | None]:
    return {key: None if value is None else convert(value) for key, value in zip(keys, values, strict=True)}


def _better(a: Contender, b: Contender, name: str, estimate: Estimate) -> str | None:
    chance = estimate.p_value is not None and estimate.p_value >= 1 - CONFIDENCE_LEVEL
    if a.model_id == b.model_id or estimate.value == 0 or _same(name, estimate.value) or chance:
        return TIE
    if estimate.p_value is None and name not in RATIOS:
        return None
    return (a if (estimate.value > 0) == _MORE_IS_BETTER[name] else b).model_id
