"""How two models differ in each metric, and how sure that is.

Scores are told by their difference a − b, everything else by the log of the ratio a / b. Each is estimated from pairs
(see `resampling` and `window_ratio`), and so may differ a little from what the two models' own figures give.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchmark.metrics.green import green_score
from benchmark.resampling import (
    FEWEST_IMAGES,
    RESAMPLES,
    Contender,
    Resampled,
    ScoreDraws,
    draw_units,
    resample_scores,
    resample_times,
)
from benchmark.significance import Array, interval, mcnemar_p, p_value
from benchmark.window_ratio import WindowRatio


@dataclass(frozen=True, slots=True)
class Estimate:
    """The difference a − b of a score, or the log of the ratio a / b; None is not known."""

    value: float
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    #: `bootstrap`, `t` or `mcnemar`.
    test: str | None = None
    #: What it might have been, of shape (RESAMPLES,); the same position is the same draw in all metrics.
    draws: Array | None = None


def estimate_all(a: Contender, b: Contender, seed: int) -> dict[str, Estimate]:
    """By metric, of those that were measured for both models."""
    random = np.random.default_rng(seed)
    images = draw_units(len(a.accuracies), random)
    scores = resample_scores(a, b, images)
    times = resample_times(a, b, images, random)
    by_image = _by_bootstrap if len(a.accuracies) >= FEWEST_IMAGES else _undecided
    estimates: dict[str, Estimate | None] = {
        name: by_image(each) for name, each in {**scores.differences, **times}.items()
    }
    estimates["exact_count"] = _by_mcnemar(a, b, by_image(scores.differences["exact_count"]))
    estimates["throughput_fps"] = _by_window(a.rates_fps, b.rates_fps, random)
    estimates["energy_j_per_image"] = estimates["carbon_g_per_1k_images"] = _by_window(
        a.energies_j, b.energies_j, random
    )
    estimates["memory_mb"] = _plain_ratio(a, b, "memory_mb")
    estimates["green_score"] = _green(a, b, scores, estimates)
    return {name: each for name, each in estimates.items() if each is not None and _both_measured(a, b, name)}


def _both_measured(a: Contender, b: Contender, name: str) -> bool:
    return a.metrics[name] is not None and b.metrics[name] is not None


def _by_bootstrap(resampled: Resampled) -> Estimate:
    draws = resampled.draws
    return Estimate(resampled.value, interval(draws), p_value(draws), "bootstrap", draws)


def _undecided(resampled: Resampled) -> Estimate:
    return Estimate(resampled.value)


def _by_mcnemar(a: Contender, b: Contender, difference: Estimate) -> Estimate:
    """The interval stays the bootstrap's. The test is exact, of however few images."""
    p = mcnemar_p(int(np.sum(a.exact & ~b.exact)), int(np.sum(b.exact & ~a.exact)))
    return replace(difference, p_value=p, test="mcnemar")


def _by_window(of_a: Array, of_b: Array, random: np.random.Generator) -> Estimate | None:
    if not of_a.size or not of_b.size:
        return None
    ratio = WindowRatio(np.log(of_a) - np.log(of_b))
    if ratio.interval is None:
        return Estimate(ratio.value)
    return Estimate(ratio.value, ratio.interval, ratio.p_value, "t", ratio.draws(RESAMPLES, random))


def _plain_ratio(a: Contender, b: Contender, name: str) -> Estimate | None:
    of_a, of_b = a.metrics[name], b.metrics[name]
    return Estimate(math.log(of_a) - math.log(of_b)) if of_a and of_b else None


def _green(a: Contender, b: Contender, scores: ScoreDraws, estimates: Mapping[str, Estimate | None]) -> Estimate | None:
    """From accuracy, carbon and time as estimated and as drawn; the ratio of the latter two around their middles."""
    carbon, speed = estimates["carbon_g_per_1k_images"], estimates["speed_ms"]
    if carbon is None or speed is None or not _both_measured(a, b, "carbon_g_per_1k_images"):
        return None
    kg = _middle(a, b, "carbon_g_per_1k_images") / 1e6
    seconds = _middle(a, b, "speed_ms") / 1e3

    def points(accuracy_a: float, accuracy_b: float, carbon: float, speed: float) -> float:
        green_a = green_score(accuracy_a, kg * math.exp(carbon / 2), seconds * math.exp(speed / 2))
        green_b = green_score(accuracy_b, kg * math.exp(-carbon / 2), seconds * math.exp(-speed / 2))
        return (green_a or 0.0) - (green_b or 0.0)

    value = points(scores.accuracy_a.value, scores.accuracy_b.value, carbon.value, speed.value)
    if carbon.draws is None or speed.draws is None:
        return Estimate(value)
    drawn = zip(scores.accuracy_a.draws, scores.accuracy_b.draws, carbon.draws, speed.draws, strict=True)
    return _by_bootstrap(Resampled(value, np.array([points(*map(float, each)) for each in drawn])))


def _middle(a: Contender, b: Contender, name: str) -> float:
    return math.sqrt(a.metrics[name] * b.metrics[name])
