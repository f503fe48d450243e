"""How far chance alone could have moved what was measured of two models.

Both models saw every image, so everything is paired, and what is estimated is a difference (of scores) or a log ratio
(of times and energies), never a figure of one model alone:

* **Scores**: images are drawn with replacement, and a drawn image brings both models' results along.
* **speed_ms**: the median, over every pass and image, of the log ratio of the two times that the models took for the
  same image in the same pass. They ran within one turn (a block of one model and its neighbour of the other), so a
  machine that slows down half way slows both. The ratio of two pooled medians would not do: if half of all samples
  take 100 ms and half 140 ms, each median falls to either side of the gap by chance.
* **latency_ms**: the log ratio of the two 90th percentiles. It is of the tail of each model, which pairs do not know.
* **energy and throughput**: the mean of the log ratios of windows; see `window_ratio`.

Times vary by image and by the time at which they were taken, since noise of a machine lasts longer than one image. So
images are drawn, and units of time are drawn, each likewise for both models; units are passes over the images, and
where there are fewer than FEWEST_PASSES, single turns. The two are added, and shrunk for the share that both have in
common: the variance is V(images) + V(time) − V(single samples), that of Cameron, Gelbach and Miller (2011).

Of few units a bootstrap makes its intervals too narrow; `significance.widening` mends that. Of fewer than FEWEST_IMAGES
images it would be blind: their differences often all point the same way by chance (of five, once in 16 times), and no
draw can then point the other way. Noise that lasts for a whole pass is not seen where there are few passes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.interleaving import chunks
from benchmark.metrics.matches import Matches
from benchmark.quantiles import Quantile
from benchmark.significance import Array as Array
from benchmark.significance import widening

RESAMPLES = 2000
FEWEST_IMAGES = 6
FEWEST_PASSES = 6

#: Samples of a model that are drawn from, at most, unless a few passes have more.
_MOST_SAMPLES = 20_000
#: Draws that only a variance is taken of.
_VARIANCE_RESAMPLES = 200
_Counts = npt.NDArray[np.int32]
#: How often each sample counts in each draw, as (how often each unit does, the unit of each sample), to a figure of
#: each draw.
_Statistic = Callable[[_Counts, npt.NDArray[np.intp]], Array]


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
    #: By how many cars each image was counted wrong.
    count_errors: Array
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
    """a beside b as it was measured, and as it might have come out; the same position is the same draw in all."""

    value: float
    #: Of shape (RESAMPLES,).
    draws: Array


@dataclass(frozen=True, slots=True)
class ScoreDraws:
    """Of the scores."""

    #: a − b, by metric.
    differences: Mapping[str, Resampled]
    accuracy_a: Resampled
    accuracy_b: Resampled


def resample_scores(a: Contender, b: Contender, images: _Counts) -> ScoreDraws:
    """Scores of the drawn images; `images` is from `draw_units`."""
    of_a, of_b = (_scores(each, images) for each in (a, b))
    differences = {
        name: Resampled(of_a[name].value - of_b[name].value, of_a[name].draws - of_b[name].draws) for name in of_a
    }
    return ScoreDraws(differences, of_a["accuracy"], of_b["accuracy"])


def resample_times(a: Contender, b: Contender, images: _Counts, random: np.random.Generator) -> Mapping[str, Resampled]:
    """Log ratios a / b of speed_ms and latency_ms."""
    passes = _kept_passes(*a.predict_ms.shape)
    of_pairs = Quantile(np.log(a.predict_ms[passes]) - np.log(b.predict_ms[passes]), 0.5)
    of_a, of_b = (Quantile(np.log(each.total_ms[passes]), 0.9) for each in (a, b))
    draws = _TimeDraws.of(images, len(passes), random)
    return {
        "speed_ms": draws.resample(of_pairs.weighted),
        "latency_ms": draws.resample(lambda *drawn: of_a.weighted(*drawn) - of_b.weighted(*drawn)),
    }


def _kept_passes(passes: int, images: int) -> npt.NDArray[np.intp]:
    """All passes; of more samples than _MOST_SAMPLES evenly spread ones, for drawing takes time and memory.

    In pairs of neighbours, for who came first changes from pass to pass.
    """
    pairs = max(FEWEST_PASSES, _MOST_SAMPLES // images) // 2
    if passes <= 2 * pairs:
        return np.arange(passes)
    firsts = 2 * np.linspace(0, passes // 2 - 1, pairs).round().astype(np.intp)
    return np.stack([firsts, firsts + 1], axis=1).ravel()


def draw_units(units: int, random: np.random.Generator, resamples: int = RESAMPLES) -> _Counts:
    """How often each unit is drawn, of shape (resamples, units)."""
    drawn = random.integers(0, units, (resamples, units)) + units * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * units).reshape(resamples, units).astype(np.int32)


def _scores(contender: Contender, images: _Counts) -> dict[str, Resampled]:
    once = np.ones((1, images.shape[1]), np.int32)
    (measured, drawn), wider = (_weighted_scores(contender, each) for each in (once, images)), widening(images.shape[1])
    return {name: Resampled(float(value), value + wider * (drawn[name] - value)) for name, [value] in measured.items()}


def _weighted_scores(contender: Contender, weights: _Counts) -> dict[str, Array]:
    """Of shape (draws,); each image counts as often as `weights`, of shape (draws, images), says."""
    images = weights.shape[1]
    tp, fp, fn = (weights @ np.array([(each.tp, each.fp, each.fn) for each in contender.matches], float)).T
    total = 2 * tp + fp + fn
    return {
        "accuracy": weights @ contender.accuracies / images,
        "exact_count": weights @ contender.exact.astype(float) / images,
        "count_mae": weights @ contender.count_errors / images,
        "f1_score": np.divide(2 * tp, total, out=np.ones_like(total), where=total > 0),
    }


@dataclass(frozen=True, slots=True)
class _Units:
    """What is drawn as a whole."""

    drawn: _Counts
    #: The unit of each sample, samples by pass and then by image.
    of_sample: npt.NDArray[np.intp]

    def deviations(self, statistic: _Statistic, value: float) -> Array:
        return statistic(self.drawn, self.of_sample) - value

    @property
    def widening(self) -> float:
        return widening(self.drawn.shape[1])


@dataclass(frozen=True, slots=True)
class _TimeDraws:
    """The three ways in which samples are drawn."""

    images: _Units
    time: _Units
    samples: _Units

    @staticmethod
    def of(images: _Counts, passes: int, random: np.random.Generator) -> "_TimeDraws":
        count = images.shape[1]
        time_of_sample = _time_units(passes, count)
        every_sample = np.arange(passes * count)
        return _TimeDraws(
            _Units(images, np.tile(np.arange(count), passes)),
            _Units(draw_units(int(time_of_sample.max()) + 1, random), time_of_sample),
            _Units(draw_units(len(every_sample), random, _VARIANCE_RESAMPLES), every_sample),
        )

    def resample(self, statistic: _Statistic) -> Resampled:
        once = np.ones((1, self.samples.drawn.shape[1]), np.int32)
        value = float(statistic(once, self.samples.of_sample)[0])
        by_image, by_time, by_sample = (
            units.deviations(statistic, value) for units in (self.images, self.time, self.samples)
        )
        shrunk = _shrinking(*(float(np.mean(each**2)) for each in (by_image, by_time, by_sample)))
        return Resampled(value, value + shrunk * (self.images.widening * by_image + self.time.widening * by_time))


def _time_units(passes: int, images: int) -> npt.NDArray[np.intp]:
    """Which unit of time each sample belongs to."""
    by_pass = np.repeat(np.arange(passes), images)
    if passes >= FEWEST_PASSES:
        return by_pass
    turns = chunks(images)
    turn_of_image = np.empty(images, np.intp)
    for number, turn in enumerate(turns):
        turn_of_image[list(turn)] = number
    return by_pass * len(turns) + np.tile(turn_of_image, passes)


def _shrinking(of_images: float, of_time: float, of_samples: float) -> float:
    """What makes the sum of both deviations have the right variance; never less than the larger of the two has."""
    both = of_images + of_time
    return float(np.sqrt(max(both - of_samples, of_images, of_time) / both)) if both else 1.0
