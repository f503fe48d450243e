"""How far chance alone could have moved what was measured of two models.

Both models saw every image, so images are drawn with replacement, and a drawn image brings both models' results
along: a paired bootstrap. Times are known by pass over the images too, and noise of the machine lasts longer than one
image, so passes are drawn as well, likewise for both. Of fewer than six images it would be blind: their differences
often all point the same way by chance (of five, once in 16 times), and no draw can then point the other way.

Energy is known by window, and windows are fewer still. Windows of the two take turns, so each pair of neighbours
gives one log ratio; the mean of n of them is taken to follow Student's t with n − 1 degrees of freedom around the true
one. With two windows that makes a wide interval, but one that can be believed; with one window there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.metrics.matches import Matches

RESAMPLES = 2000
CONFIDENCE_LEVEL = 0.95
FEWEST_IMAGES = 6
FEWEST_WINDOWS = 2

#: Log ratios beyond this are cut, so that the long tails of t with one degree of freedom do not overflow.
_LARGEST_LOG_RATIO = 100.0

_VALUES_AT_A_TIME = 4_000_000

Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Contender:
    """One model's side of a comparison."""

    model_id: str
    #: As they go into the result.
    metrics: Mapping[str, Any]
    #: Count accuracy of each image, 0–1.
    accuracies: Array
    #: Whether each image was counted exactly right.
    exact: npt.NDArray[np.bool_]
    #: Single-stream times from image array to detections in ms, of shape (passes, images).
    predict_ms: Array
    #: Likewise from encoded bytes to detections.
    total_ms: Array
    #: True and false positives of each image.
    matches: tuple[Matches, ...]
    #: Throughput of each offline window, in images/s.
    rates_fps: Array
    #: Energy per image of each offline window, in J; empty where it was not measured.
    energies_j: Array


@dataclass(frozen=True, slots=True)
class Resampled:
    """Metrics of one model as they might have come out, each of shape (RESAMPLES,); None where that is not known.

    The same position belongs to the same draw in both models' Resampled.
    """

    accuracy: Array | None = None
    f1_score: Array | None = None
    speed_ms: Array | None = None
    energy_j_per_image: Array | None = None


def resample(a: Contender, b: Contender, seed: int) -> tuple[Resampled, Resampled]:
    """Draws of both models, who saw the same images in the same order and took turns window by window."""
    random = np.random.default_rng(seed)
    by_image = _by_image(a, b, random)
    energies = _energies(a.energies_j, b.energies_j, random)
    of_a, of_b = (
        Resampled(**scores, energy_j_per_image=energy) for scores, energy in zip(by_image, energies, strict=True)
    )
    return of_a, of_b


def interval(draws: Array) -> tuple[float, float]:
    """The middle CONFIDENCE_LEVEL of them."""
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def _by_image(a: Contender, b: Contender, random: np.random.Generator) -> list[dict[str, Array]]:
    images = len(a.accuracies)
    if images < FEWEST_IMAGES:
        return [{}, {}]
    passes = len(a.predict_ms)
    draws = random.integers(0, images, size=(RESAMPLES, images))
    pass_draws = random.integers(0, passes, size=(RESAMPLES, passes))
    return [_scores(each, draws) | {"speed_ms": _medians(each.predict_ms, pass_draws, draws)} for each in (a, b)]


def _scores(contender: Contender, draws: _Indices) -> dict[str, Array]:
    counts = np.array([(each.tp, each.fp, each.fn) for each in contender.matches], float)
    tp, fp, fn = counts[draws].sum(axis=1).T
    total = 2 * tp + fp + fn
    return {
        "accuracy": contender.accuracies[draws].mean(axis=1),
        "f1_score": np.divide(2 * tp, total, out=np.ones_like(total), where=total > 0),
    }


def _medians(times: Array, pass_draws: _Indices, image_draws: _Indices) -> Array:
    """Median of each draw's passes × images; some draws at a time, for many of them may not fit into memory."""
    parts = np.array_split(np.arange(RESAMPLES), 1 + RESAMPLES * times.size // _VALUES_AT_A_TIME)
    medians = [np.median(times[pass_draws[part, :, None], image_draws[part, None, :]], axis=(1, 2)) for part in parts]
    return np.concatenate(medians)


def _energies(a: Array, b: Array, random: np.random.Generator) -> tuple[Array, Array] | tuple[None, None]:
    if min(len(a), len(b)) < FEWEST_WINDOWS:
        return None, None
    logs_a, logs_b = np.log(a), np.log(b)
    ratio = np.clip(_t_draws(logs_a - logs_b, random), -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
    middle = (logs_a.mean() + logs_b.mean()) / 2
    return np.exp(middle + ratio / 2), np.exp(middle - ratio / 2)


def _t_draws(values: Array, random: np.random.Generator) -> Array:
    """Where the mean of `values` might truly lie: mean + t · s / √n, with n − 1 degrees of freedom.

    The normal part of t is made from the values' own deviations, so that draws of −values are those of values turned
    round, and a verdict does not depend on which model is called A.
    """
    count = len(values)
    deviations = values - values.mean()
    normal = random.standard_normal((RESAMPLES, count)) @ deviations
    return np.asarray(values.mean() + normal / np.sqrt(count * random.chisquare(count - 1, RESAMPLES)))
