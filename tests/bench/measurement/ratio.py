"""How one thing compares with its peer in the same run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats


@dataclass(frozen=True, slots=True)
class Ratio:
    """Median over rounds of this ÷ peer, each round's own ratio, and its 95 % interval by a bootstrap over rounds."""

    value: float
    low: float | None = None
    high: float | None = None

    @staticmethod
    def of(this: Sequence[float], peer: Sequence[float]) -> "Ratio":
        """One figure of each round; a single round gives no interval."""
        ratios = np.divide(this, peer)
        if len(ratios) == 1:
            return Ratio(float(ratios[0]))
        interval = scipy.stats.bootstrap(
            (ratios,), np.median, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        return Ratio(float(np.median(ratios)), float(interval.low), float(interval.high))

    def __str__(self) -> str:
        return f"{self.value:.3f}" if self.low is None else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
