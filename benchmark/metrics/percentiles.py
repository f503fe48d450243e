"""Percentiles, where there are samples enough for them."""

from collections.abc import Sequence

import numpy as np

#: Samples that a percentile takes at 99 % confidence: the smallest n with q^n + … ≤ 1 %, as MLPerf's early
#: stopping has it.
SAMPLES_NEEDED = {50: 11, 90: 64, 99: 662}


def percentile(samples: Sequence[float], percent: int) -> float | None:
    """A percentile of SAMPLES_NEEDED; None where there are too few samples to support it."""
    if len(samples) < SAMPLES_NEEDED[percent]:
        return None
    return float(np.percentile(np.asarray(samples, float), percent))
