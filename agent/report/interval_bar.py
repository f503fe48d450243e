"""Differences as bars: to the left A is better, to the right B, and a line in the middle for neither."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.advantage import Scale, Standing
from agent.report.axis import Axis

WIDTH, MARGIN = 320, 14
#: Least and most that half a bar stands for: logarithms of ratios, points, cars.
_REACH = {Scale.RATIO: (math.log(1.25), math.log(10)), Scale.SHARE: (5.0, 100.0), Scale.PLAIN: (0.1, 100.0)}
_RATIO_TICKS = (1.1, 1.25, 1.5, 2, 3, 5, 10)
_TICK_ROOM = 38


@dataclass(frozen=True, slots=True)
class IntervalBar:
    """Places in pixels from the left."""

    middle: float
    dot: float
    #: Ends of the interval; None where there is none.
    low: float | None
    high: float | None
    #: `a` or `b` where that one is surely better, `tie` for any other interval, `untested` without one.
    style: str


def interval_axis(scale: Scale, compared: Iterable[Standing]) -> Axis:
    """As wide as the furthest of them needs, within reason; those beyond end at its end."""
    least, most = _REACH[scale]
    advantages = [each.advantage for each in compared if each.advantage]
    ends = [abs(end) for each in advantages for end in (each.value, *(each.limits or ()))]
    reach = min(max([least, *(1.05 * end for end in ends)]), most)
    axis = Axis(-reach, reach, MARGIN, WIDTH - MARGIN)
    if scale is Scale.RATIO:
        ticks = _spread(axis, [math.log(tick) for tick in _RATIO_TICKS if math.log(tick) <= reach])
        return replace(axis, form=_times, ticks_at=ticks)
    return replace(axis, form=lambda value: f"{abs(value):g}", most_ticks=5)


def interval_bar(of: Standing, axis: Axis) -> IntervalBar | None:
    """None where there is no difference to show."""
    if of.advantage is None:
        return None
    low, high = map(axis.place, of.advantage.limits) if of.advantage.limits else (None, None)
    style = of.better if of.better and of.is_beyond_chance else "untested" if low is None else "tie"
    return IntervalBar(axis.place(0.0), axis.place(of.advantage.value), low, high, style)


def band(axis: Axis, resolution: float | None) -> tuple[float, float] | None:
    """Where ratios are too near to 1 to choose by."""
    if not resolution or not 0 < resolution < 1:
        return None
    edge = -math.log(1 - resolution)
    return axis.place(-edge), axis.place(edge)


def _spread(axis: Axis, ticks: list[float]) -> list[float]:
    """Without those that would run into one another, both ways from 0; the furthest stays."""
    kept: list[float] = []
    for tick in reversed(ticks):
        neighbour = axis.place(kept[-1]) if kept else math.inf
        if neighbour - axis.place(tick) >= _TICK_ROOM and axis.place(tick) - axis.place(0.0) >= _TICK_ROOM:
            kept.append(tick)
    return [*(-tick for tick in kept), 0.0, *reversed(kept)]


def _times(logarithm: float) -> str:
    return f"{math.exp(abs(logarithm)):g}×" if logarithm else "equal"
