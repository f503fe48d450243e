"""How long single predictions took: how often each time came, and when."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from agent.report.axis import Axis, round_numbers
from agent.report.metric import significant
from agent.report.plot import NARROW, Note, Path, Plot

#: Share of the slowest times that may lie beyond the plot, so that one hiccup does not squeeze all others.
_BEYOND = 0.01
_NOTE_ROOM = 16
#: Beneath a plot, for the ticks and the label of x.
_AXIS_ROOM = 40

Times = Mapping[str, Sequence[float]]


def time_limits(times_ms: Times) -> tuple[float, float]:
    """From the fastest to nearly the slowest of both, rounded outwards to numbers that a person would choose."""
    known = [each for each in times_ms.values() if len(each)]
    low = min(min(each) for each in known)
    high = max(float(np.quantile(each, 1 - _BEYOND)) for each in known)
    if high - low < 0.02 * high:
        low, high = low * 0.95, high * 1.05 + 1e-3
    step = _first_step(low, high)
    return max(0.0, np.floor(low / step) * step), float(np.ceil(high / step + 1e-9) * step)


def beyond(times_ms: Times, high: float) -> dict[str, list[float]]:
    """Of each side, the times too long for the plot."""
    return {side: sorted(time for time in times if time > high) for side, times in times_ms.items()}


def latency_histogram(times_ms: Times, percentiles: Mapping[str, Mapping[str, float]], width: int) -> Plot:
    """A upwards and B downwards from one axis, with p50, p90 and p99 where they are known."""
    height, edge = 390, 16 + 3 * _NOTE_ROOM
    low, high = time_limits(times_ms)
    bins = np.linspace(low, high, (66 if width > NARROW else 33) + 1)
    shares = {side: np.histogram(times, bins)[0] / max(1, len(times)) for side, times in times_ms.items()}
    highest = max(0.01, *(float(share.max()) for share in shares.values()))
    x = Axis(low, high, 46, width - 14, "time from encoded file to boxes, ms", most_ticks=5)
    middle = (height - _AXIS_ROOM) / 2
    ticks = [tick for tick in round_numbers(0, highest, 3) if tick]
    y = Axis(
        -highest,
        highest,
        height - _AXIS_ROOM - edge,
        edge,
        "share of predictions, %",
        lambda share: f"{100 * abs(share):g}",
        ticks_at=[*(-tick for tick in ticks), 0.0, *ticks],
    )
    plot = Plot(width, height, "How often each time came", _describe(percentiles), x, y, floor=height - _AXIS_ROOM)
    for side, sign in (("a", 1), ("b", -1)):
        if len(times_ms.get(side, ())):
            plot.paths.append(Path(f"area {side}", _steps(bins.tolist(), (sign * shares[side]).tolist(), x, y)))
            _mark_percentiles(plot, side, percentiles.get(side, {}), middle)
    return plot


def latency_run(times_ms: Times, width: int) -> Plot:
    """Each prediction in its turn; both models' runs side by side in time."""
    height = 250
    low, high = time_limits(times_ms)
    x = Axis(0, 1, 46, width - 14, "share of the run, %", lambda share: f"{100 * share:g}")
    y = Axis(low, high, height - 44, 28, "ms", most_ticks=4)
    description = "One mark per prediction in their order. A trend or a step means that the machine changed."
    plot = Plot(width, height, "The run from start to end", description, x, y)
    for side, times in times_ms.items():
        if len(times):
            places = [(x.place((index + 0.5) / len(times)), y.place(time)) for index, time in enumerate(times)]
            plot.paths.append(Path(f"dots {side}", "".join(f"M{left} {top}h0" for left, top in places)))
    return plot


def _first_step(low: float, high: float) -> float:
    ticks = round_numbers(low, high, 10)
    return min((after - before for before, after in pairwise(ticks)), default=high - low)


def _steps(bins: Sequence[float], shares: Sequence[float], x: Axis, y: Axis) -> str:
    """The outline of a histogram."""
    d = f"M{x.place(bins[0])} {y.place(0.0)}"
    for right, share in zip(bins[1:], shares, strict=True):
        d += f"V{y.place(share)}H{x.place(right)}"
    return d + f"V{y.place(0.0)}Z"


def _mark_percentiles(plot: Plot, side: str, percentiles: Mapping[str, float], middle: float) -> None:
    up = side == "a"
    for row, (name, value) in enumerate(percentiles.items()):
        if value > plot.x.high:
            continue
        left = plot.x.place(value)
        line = 12 + _NOTE_ROOM * (2 - row) if up else 2 * middle - 12 - _NOTE_ROOM * (2 - row)
        at_the_right = left > plot.width * 0.7
        text = f"{name} {significant(value)}"
        end = line - 4 if up else line + 4
        plot.paths.append(Path(f"mark {side}", f"M{left} {middle}V{end}", f"{side.upper()} {text} ms"))
        plot.notes.append(
            Note(left - 5 if at_the_right else left + 5, line + 4, text, side, "end" if at_the_right else "start")
        )


def _describe(percentiles: Mapping[str, Mapping[str, float]]) -> str:
    parts = [
        f"{side.upper()}: " + ", ".join(f"{name} {significant(value)} ms" for name, value in known.items())
        for side, known in percentiles.items()
        if known
    ]
    return "Histogram of single predictions, A above the axis and B below. " + "; ".join(parts) + "."
