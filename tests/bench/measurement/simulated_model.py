"""Models with known distributions of times and of errors, and the images they see."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from benchmark import LabelledImage
from benchmark.metrics.counts import count_accuracies

_MEAN_CARS = 6.0
#: Spread of difficulty between images, in standard deviations of a car's own.
_IMAGE_SPREAD = 0.5
#: How much of what makes a car hard is so for every model.
_SHARED = 0.6
#: Cars that are not there, in an image.
_INVENTED = 0.15


@dataclass(frozen=True)
class SimulatedModel:
    """Times are log-normal around `predict_ms`, some of them spikes; errors are cars missed and cars invented."""

    model_id: str
    predict_ms: float = 40.0
    #: Share of the cars of an average image that are found.
    recall: float = 0.8
    #: Standard deviation of the log of single times.
    noise: float = 0.04
    #: Share of times that are up to three times as long.
    spikes: float = 0.02
    #: Standard deviation of the log of what the model's own process makes of its times, for good.
    process_spread: float = 0.0
    watts: float = 50.0
    memory_mb: float = 500.0

    def better_by(self, points: float) -> "SimulatedModel":
        """The same with a recall that gives this much more count accuracy, 0–1, in the mean of very many images."""
        many = Scenes.drawn(20_000, np.random.default_rng(0))

        def mean_accuracy(recall: float) -> float:
            counts = many.counts(replace(self, recall=recall), np.random.default_rng(1))
            return float(count_accuracies(counts.tolist(), many.cars.tolist()).mean())

        wanted = mean_accuracy(self.recall) + points
        return replace(self, recall=float(brentq(lambda recall: mean_accuracy(recall) - wanted, 0.3, 0.999, xtol=1e-4)))


@dataclass(frozen=True)
class Scenes:
    """Images by what decides how hard they are."""

    #: Cars in each image.
    cars: npt.NDArray[np.int_]
    #: How hard each car of all images is for any model, in standard deviations; those of an image lie together.
    hardness: npt.NDArray[np.float64]
    #: How much longer than on average each image takes.
    work: npt.NDArray[np.float64]

    @staticmethod
    def drawn(images: int, random: np.random.Generator) -> "Scenes":
        cars = random.poisson(_MEAN_CARS, images)
        of_image = np.repeat(random.normal(0, _IMAGE_SPREAD, images), cars)
        hardness = of_image + np.sqrt(_SHARED) * random.normal(size=cars.sum())
        return Scenes(cars, hardness, np.exp(random.normal(0, 0.15, images)))

    def counts(self, model: SimulatedModel, random: np.random.Generator) -> npt.NDArray[np.int_]:
        """What the model counts in each image."""
        own = np.sqrt(1 - _SHARED) * random.normal(size=len(self.hardness))
        found = self.hardness + own < norm.ppf(model.recall)
        image = np.repeat(np.arange(len(self.cars)), self.cars)
        return np.bincount(image[found], minlength=len(self.cars)) + random.poisson(_INVENTED, len(self.cars))

    def labelled(self) -> list[LabelledImage]:
        return [LabelledImage(Path(f"{n}.png"), f"{n}.png", int(cars)) for n, cars in enumerate(self.cars)]
