"""From what chance might have brought to an interval and a p-value. Wherever one is in doubt, so is the other."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from benchmark.students_t import two_sided_limit

CONFIDENCE_LEVEL = 0.95

Array = npt.NDArray[np.float64]


def interval(draws: Array) -> tuple[float, float]:
    """The middle CONFIDENCE_LEVEL of them: percentiles, taken among the draws, so that `p_value` agrees."""
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low = np.quantile(draws, tail, method="lower")
    high = np.quantile(draws, 1 - tail, method="higher")
    return float(low), float(high)


def p_value(draws: Array) -> float:
    """Two-sided, of there being no difference; (k + 1) / (n + 1) for either side, so never 0.

    Below 1 − CONFIDENCE_LEVEL exactly where `interval` does not hold 0.
    """
    beyond = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    return float(min(1.0, 2 * (beyond + 1) / (len(draws) + 1)))


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Exact and two-sided: of the images that one model alone got right, each is as likely to be either's.

    McNemar (1947), in the binomial form.
    """
    discordant = only_a + only_b
    as_uneven = sum(math.comb(discordant, count) for count in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * as_uneven / (1 << discordant))


def widening(units: int) -> float:
    """How much wider than a bootstrap's an interval from so few drawn units has to be; near 1 where they are many.

    Percentiles of a bootstrap are too narrow by √((n − 1) / n), and as narrow as a normal distribution's where
    Student's t belongs: Hesterberg's "expanded percentiles" (The American Statistician 69:4, 2015). One unit
    shows no spread that could be widened.
    """
    if units < 2:
        return 1.0
    normal = NormalDist().inv_cdf((1 + CONFIDENCE_LEVEL) / 2)
    return two_sided_limit(CONFIDENCE_LEVEL, units - 1) / normal * math.sqrt(units / (units - 1))
