"""Setting the thresholds of a model that counts by peaks, on images that no comparison uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.errors import BadImage, InputError
from benchmark.labelled_image import LabelledImage
from benchmark.metrics.counts import count_scores
from benchmark.models.catalogue import ModelEntry
from benchmark.models.family import Recipe, load_model
from benchmark.models.state import require_ready

#: One half sets the thresholds, the other says what they are worth: fewer images would say nothing.
LEAST_IMAGES = 10
#: Peak thresholds that are tried at most.
_MOST_CANDIDATES = 400

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a model says of an image before any threshold, and what is true."""

    truth: int
    #: Probability that the image shows a car, 0–1.
    presence: float
    #: Heights of all peaks, 0–1.
    peaks: tuple[float, ...]

    def count(self, thresholds: "Thresholds") -> int:
        """Cars that are counted with these thresholds."""
        if self.presence < thresholds.presence:
            return 0
        return sum(height > thresholds.peak for height in self.peaks)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is a car; both 0–1."""

    #: A peak above this is counted.
    peak: float
    #: An image below this has no peak counted.
    presence: float


@dataclass(frozen=True, slots=True)
class Worth:
    """What thresholds are worth on some images."""

    images: int
    #: Mean of |counted − true|, in cars per image.
    count_mae: float
    #: Share of the images where the presence threshold is right about whether there is a car, 0–1.
    presence_accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds, and what they are worth on the images they were set on and on others."""

    thresholds: Thresholds
    set_on: Worth
    held_out: Worth

    def parameters(self, name: str) -> dict[str, Any]:
        """For `[models.<id>.parameters]` of the catalogue; `name` is that of the images."""
        return {
            "peak_threshold": self.thresholds.peak,
            "presence_threshold": self.thresholds.presence,
            "calibrated_on": (
                f"{name}: set on {self.set_on.images} images, count MAE {self.held_out.count_mae:.2f} "
                f"on {self.held_out.images} others"
            ),
        }


def calibrate(
    entry: ModelEntry,
    images: Sequence[LabelledImage],
    weights_dirs: Sequence[Path] = (),
    device: str = "auto",
    on_image: Callable[[int], None] = lambda _: None,
) -> Calibration:
    """Set the thresholds of a model on every other image, and measure them on those between.

    Loads the model into this process; `on_image` is told how many images were seen.
    Raises InputError where there are too few images or the model has no such thresholds, BadImage, a SetupError.
    """
    if len(images) < LEAST_IMAGES:
        raise InputError(f"{len(images)} images are too few to set thresholds on; give at least {LEAST_IMAGES}.")
    model = _load(entry, weights_dirs, device)
    sightings = []
    for number, image in enumerate(images, start=1):
        sightings.append(_look(model, image))
        on_image(number)
    return calibration(sightings)


def _load(entry: ModelEntry, weights_dirs: Sequence[Path], device: str) -> Any:
    if entry.adapter and not entry.adapter.has_thresholds:
        raise InputError(f"{entry.id} finds boxes and has no thresholds of its own to be set.")
    family, weights = require_ready(entry, weights_dirs, device)
    recipe = Recipe(entry.id, weights.path, entry.input_size, dict(entry.classes), parameters=dict(entry.parameters))
    return load_model(family.module, recipe, device)


def _look(model: Any, image: LabelledImage) -> Sighting:
    from benchmark.decoding.decode import decode  # OpenCV, which importing benchmark does not load

    try:
        encoded = image.path.read_bytes()
    except OSError as error:
        raise BadImage(f"{image.image_path} cannot be read: {error.strerror}.") from error
    presence, peaks = model.look(decode(encoded, image.image_path))
    return Sighting(image.car_count, presence, tuple(peaks))


def calibration(sightings: Sequence[Sighting]) -> Calibration:
    """Thresholds set on every other sighting, and measured on both halves."""
    ours, others = sightings[::2], sightings[1::2]
    thresholds = best_thresholds(ours)
    return Calibration(thresholds, worth(ours, thresholds), worth(others, thresholds))


def worth(sightings: Sequence[Sighting], thresholds: Thresholds) -> Worth:
    """What thresholds are worth on these."""
    scores = count_scores([each.count(thresholds) for each in sightings], [each.truth for each in sightings])
    right = [(each.presence >= thresholds.presence) == (each.truth > 0) for each in sightings]
    return Worth(len(sightings), scores.mae, float(np.mean(right)))


def best_thresholds(sightings: Sequence[Sighting]) -> Thresholds:
    """Those with the least count MAE; of equals those more often right about presence, of these the middle ones."""
    truth = np.array([each.truth for each in sightings], float)
    presence = np.array([each.presence for each in sightings])
    peak_candidates = _candidates([height for each in sightings for height in each.peaks])
    presence_candidates = _candidates(presence)
    errors = np.abs([[sum(h > c for h in each.peaks) for each in sightings] for c in peak_candidates] - truth)
    passed = presence >= presence_candidates[:, None]
    # Rows are peak candidates, columns presence candidates.
    mae = (errors @ passed.T + truth @ ~passed.T) / len(truth)
    right = (passed == (truth > 0)).mean(axis=1)
    equal = np.argwhere(mae <= mae.min() + 1e-9)
    equal = equal[right[equal[:, 1]] >= right[equal[:, 1]].max() - 1e-9]
    row, column = equal[len(equal) // 2]
    return Thresholds(float(peak_candidates[row]), float(presence_candidates[column]))


def _candidates(values: Sequence[float] | Floats) -> Floats:
    """Half way between neighbours, and 0; in four digits, as they are written down, which must not make 1 of them."""
    distinct = np.unique(np.asarray(values, float))
    if len(distinct) > _MOST_CANDIDATES:
        distinct = np.quantile(distinct, np.linspace(0, 1, _MOST_CANDIDATES))
    between = (distinct[1:] + distinct[:-1]) / 2
    return np.array([0.0, *(min(float(f"{each:.4g}"), 0.9999) for each in between)])
