"""A difference as a bar on an axis: the interval a line, the estimate a point, no difference in the middle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from agent.advantage import Advantage

ZERO, CROSSED, LINE = "│", "┿", "━"
TESTED, UNTESTED = "◆", "◇"
OFF_LEFT, OFF_RIGHT = "←", "→"

#: An interval this many times as long as the usual one may leave the axis rather than squeeze all others.
_FAR = 3.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From -limit, where A is better, to +limit, where B is."""

    limit: float
    #: The limit as it is written.
    label: str

    def bar(self, advantage: Advantage | None, width: int) -> str:
        """Of `width` characters, an odd number; the line of no difference alone where there is no advantage to show.

        What lies beyond the axis is an arrow at its end.
        """
        cells = [" "] * width
        cells[width // 2] = ZERO
        if advantage is None:
            return "".join(cells)
        if advantage.limits:
            self._draw_interval(cells, *advantage.limits)
        point = TESTED if advantage.limits else UNTESTED
        self._draw_point(cells, advantage, point)
        return "".join(cells)

    def _draw_interval(self, cells: list[str], low: float, high: float) -> None:
        middle = len(cells) // 2
        first, last = self._cell(low, middle), self._cell(high, middle)
        if low > 0 or high < 0:  # it holds no 0, so it must not seem to
            first, last = (max(first, middle + 1), max(last, middle + 1)) if low > 0 else (
                min(first, middle - 1), min(last, middle - 1))  # fmt: skip
        for cell in range(max(first, 0), min(last, len(cells) - 1) + 1):
            cells[cell] = CROSSED if cell == middle else LINE
        if low < -self.limit:
            cells[0] = OFF_LEFT
        if high > self.limit:
            cells[-1] = OFF_RIGHT

    def _draw_point(self, cells: list[str], advantage: Advantage, point: str) -> None:
        middle = len(cells) // 2
        if abs(advantage.value) > self.limit:
            cells[0 if advantage.value < 0 else -1] = OFF_LEFT if advantage.value < 0 else OFF_RIGHT
            return
        cell = self._cell(advantage.value, middle)
        limits = advantage.limits or (0.0, 0.0)
        if limits[0] > 0:
            cell = max(cell, middle + 1)
        elif limits[1] < 0:
            cell = min(cell, middle - 1)
        cells[cell] = point

    def _cell(self, value: float, middle: int) -> int:
        """Where a value lies, from the left; one cell beyond either end stands for all that is farther."""
        share = max(-2.0, min(2.0, value / self.limit))
        return max(-1, min(2 * middle + 1, middle + round(share * middle)))


POINTS = tuple(Axis(float(limit), f"{limit} points") for limit in (1, 2, 5, 10, 20, 30, 50, 100))
FACTORS = tuple(Axis(math.log(factor), f"{factor:g}×") for factor in (1.1, 1.25, 1.5, 2, 3, 5, 10, 100))


def fitting(axes: Sequence[Axis], advantages: Sequence[Advantage]) -> Axis:
    """The shortest of `axes` that holds all estimates, and the intervals but for those that are unusually long."""
    ends = [max(map(abs, each.limits)) for each in advantages if each.limits]
    usual = _FAR * median(ends) if ends else 0.0
    need = max([abs(each.value) for each in advantages] + [end for end in ends if end <= usual], default=0.0)
    return next((axis for axis in axes if axis.limit >= need), axes[-1])
