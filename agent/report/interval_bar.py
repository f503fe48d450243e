"""Differences as bars: to the left A is better, to the right B, and a line in the middle for neither."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from agent.report.axis import Axis
from agent.report.judgement import Judgement
from agent.report.metric import Scale

WIDTH, MARGIN = 320, 14
#: Least and most that half a bar stands for: logarithms of ratios, shares, points.
_LEAST: dict[Scale, float] = {"ratio": math.log(1.25), "share": 0.05, "score": 5.0}
_MOST: dict[Scale, float] = {"ratio": math.log(10), "share": 1.0, "score": 100.0}
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
    #: `a`, `b` or `tie` for an interval beside or across the middle, `untested` without one.
    style: str


def interval_axis(scale: Scale, judged: Iterable[Judgement]) -> Axis:
    """As wide as the furthest of them needs, within reason; those beyond end at its end."""
    ends = [abs(end) for each in judged for end in (each.difference, each.low, each.high) if end is not None]
    reach = min(max([_LEAST[scale], *(1.05 * end for end in ends)]), _MOST[scale])
    axis = Axis(-reach, reach, MARGIN, WIDTH - MARGIN)
    if scale == "ratio":
        ticks = _spread(axis, [math.log(tick) for tick in _RATIO_TICKS if math.log(tick) <= reach])
        return Axis(-reach, reach, MARGIN, WIDTH - MARGIN, form=_times, ticks_at=ticks)
    factor = 100 if scale == "share" else 1
    return Axis(-reach, reach, MARGIN, WIDTH - MARGIN, form=lambda value: f"{abs(value) * factor:g}", most_ticks=5)


def interval_bar(judged: Judgement, axis: Axis) -> IntervalBar | None:
    """None where there is no difference to show."""
    if judged.difference is None:
        return None
    low, high = (None if end is None else axis.place(end) for end in (judged.low, judged.high))
    style = judged.winner if judged.is_sure else "untested" if low is None else "tie"
    return IntervalBar(axis.place(0.0), axis.place(judged.difference), low, high, style)


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
