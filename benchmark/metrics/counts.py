"""How well cars were counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class CountScores:
    """Scores over all images; errors are in cars per image."""

    accuracy: float
    mae: float
    rmse: float
    #: Mean of predicted − truth: above 0 where the model counts too many.
    bias: float


def count_accuracies(predicted: Sequence[int], truth: Sequence[int]) -> npt.NDArray[np.float64]:
    """Accuracy of each image, 0–1: max(0, 1 − |predicted − truth| / max(truth, 1))."""
    found, real = np.asarray(predicted, float), np.asarray(truth, float)
    accuracies: npt.NDArray[np.float64] = np.maximum(0.0, 1.0 - np.abs(found - real) / np.maximum(real, 1.0))
    return accuracies


def count_scores(predicted: Sequence[int], truth: Sequence[int]) -> CountScores:
    """Scores of the counts of all images, at least one."""
    error = np.asarray(predicted, float) - np.asarray(truth, float)
    return CountScores(
        accuracy=float(np.mean(count_accuracies(predicted, truth))),
        mae=float(np.mean(np.abs(error))),
        rmse=float(np.sqrt(np.mean(error**2))),
        bias=float(np.mean(error)),
    )
