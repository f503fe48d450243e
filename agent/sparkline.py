"""Times in the order they were measured, as a line of blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Heights:
    """The range that the blocks span; what is above it is as high as its top."""

    bottom: float
    top: float

    @staticmethod
    def of(*lines: Sequence[float]) -> "Heights":
        """Common to all lines. A few that are far above the others must not make those flat: they are cut."""
        values = sorted(value for line in lines for value in line)
        if not values:
            return Heights(0.0, 0.0)
        bottom, high = values[0], values[int(0.95 * (len(values) - 1))]
        return Heights(bottom, min(values[-1], high + (high - bottom) / 2 or values[-1]))

    def block(self, value: float) -> str:
        """The one that is as high as the value."""
        if self.top <= self.bottom:
            return BLOCKS[0]
        share = (value - self.bottom) / (self.top - self.bottom)
        return BLOCKS[max(0, min(len(BLOCKS) - 1, int(share * len(BLOCKS))))]


def thinned(values: Sequence[float], width: int) -> list[float]:
    """At most `width` of them, each the median of its neighbours."""
    count = min(width, len(values))
    edges = [index * len(values) // count for index in range(count + 1)] if count > 0 else []
    return [median(values[start:end]) for start, end in pairwise(edges)]


def sparkline(values: Sequence[float], heights: Heights) -> str:
    """A block for each value."""
    return "".join(heights.block(value) for value in values)
