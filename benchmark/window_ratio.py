"""What offline windows of two models say about the ratio of a rate or of an energy.

Windows are few. Those of the two models take turns (A B, B A, …), so the nth of both are neighbours, and each such pair
gives one log ratio; the mean of n of them is taken to follow Student's t with n − 1 degrees of freedom around the true
one. With two windows that makes a wide interval, but one that can be believed; with one window there is none.
"""

import math
from dataclasses import dataclass

import numpy as np

from benchmark.significance import CONFIDENCE_LEVEL, Array
from benchmark.students_t import two_sided_limit, two_sided_p

FEWEST_WINDOWS = 2

#: Log ratios beyond this are cut, so that the long tails of t with one degree of freedom do not overflow.
_LARGEST_LOG_RATIO = 100.0


@dataclass(frozen=True, slots=True)
class WindowRatio:
    """The log ratio a / b of windows of a and b, as many of either, at least one."""

    log_ratios: Array

    @property
    def value(self) -> float:
        """The mean."""
        return float(self.log_ratios.mean())

    @property
    def interval(self) -> tuple[float, float] | None:
        """Student's, of CONFIDENCE_LEVEL; None of fewer than FEWEST_WINDOWS."""
        if len(self.log_ratios) < FEWEST_WINDOWS:
            return None
        reach = two_sided_limit(CONFIDENCE_LEVEL, len(self.log_ratios) - 1) * self._error
        return max(self.value - reach, -_LARGEST_LOG_RATIO), min(self.value + reach, _LARGEST_LOG_RATIO)

    @property
    def p_value(self) -> float | None:
        """Two-sided, of a ratio of 1; None of fewer than FEWEST_WINDOWS."""
        if len(self.log_ratios) < FEWEST_WINDOWS:
            return None
        if self.value == 0:
            return 1.0
        return two_sided_p(self.value / self._error if self._error else math.inf, len(self.log_ratios) - 1)

    def draws(self, count: int, random: np.random.Generator) -> Array | None:
        """Where it might truly lie: mean + t · error; None of fewer than FEWEST_WINDOWS.

        The normal part of t is made from the values' own deviations, so that draws of −values are those of values
        turned round, and a verdict does not depend on which model is called A.
        """
        windows = len(self.log_ratios)
        if windows < FEWEST_WINDOWS:
            return None
        normal = random.standard_normal((count, windows)) @ (self.log_ratios - self.value)
        drawn = self.value + normal / np.sqrt(windows * random.chisquare(windows - 1, count))
        return np.clip(drawn, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)

    @property
    def _error(self) -> float:
        return float(self.log_ratios.std(ddof=1)) / math.sqrt(len(self.log_ratios))
