"""Quantiles of the same samples, under many draws of them."""

import numpy as np
import numpy.typing as npt

from benchmark.significance import Array

_COUNTS_AT_A_TIME = 4_000_000


class Quantile:
    """One quantile, interpolated linearly between samples as `numpy.quantile` does."""

    def __init__(self, samples: Array, share: float) -> None:
        """`samples` may have any shape, `share` is 0–1."""
        self._order = np.argsort(samples, axis=None, kind="stable")
        self._sorted = samples.ravel()[self._order]
        self._share = share

    def weighted(self, drawn: npt.NDArray[np.int32], unit_of_sample: npt.NDArray[np.intp]) -> Array:
        """The quantile of each draw; every sample counts as often as its unit was drawn.

        `drawn` is of shape (draws, units). Some draws at a time, for all of them may not fit into memory.
        """
        units = unit_of_sample[self._order]
        parts = np.array_split(drawn, 1 + len(drawn) * len(units) // _COUNTS_AT_A_TIME)
        return np.concatenate([self._of_part(np.cumsum(part[:, units], axis=1, dtype=np.int32)) for part in parts])

    def _of_part(self, up_to: npt.NDArray[np.int32]) -> Array:
        """`up_to` says how many of a draw's samples are at or below each of the sorted ones."""
        rank = self._share * (up_to[:, -1] - 1)
        below = np.floor(rank).astype(np.int32)
        low, high = (self._sorted[_first_above(up_to, wanted)] for wanted in (below, np.ceil(rank).astype(np.int32)))
        quantiles: Array = low + (rank - below) * (high - low)
        return quantiles


def _first_above(up_to: npt.NDArray[np.int32], wanted: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    positions: npt.NDArray[np.intp] = np.count_nonzero(up_to <= wanted[:, None], axis=1)
    return positions
