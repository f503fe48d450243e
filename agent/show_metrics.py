"""The table of metrics: a line each, with both figures, the difference and its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from agent.advantage import COMPOSITE, Row, Scale, Standing
from agent.interval_bar import FACTORS, POINTS, ZERO, Axis, fitting
from agent.metric_lines import GROUPS, Metric, lines
from agent.wording import difference, interval, written

#: Styles of the two models, which can be read on dark and on light ground.
STYLES = {"a": "cyan", "b": "magenta"}
BEYOND_CHANCE, IN_THIS_RUN = "●", "○"

_LEGEND = f"{BEYOND_CHANCE} better beyond chance   {IN_THIS_RUN} better in this run   "
_LEGEND_OF_BARS = "━◆━ 95 % interval   ◇ not tested"
_GAP = 2
_SHORTEST_BAR, _LONGEST_BAR = 9, 49
_P_WIDTH = 9
_WIDE = 120
"""From here on there is room for p-values."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths; 0 for a column that there is no room for."""

    label: int
    value: int
    difference: int
    interval: int
    bar: int = 0
    p_value: int = 0

    @property
    def total(self) -> int:
        """With a gap before each but the first."""
        widths = (self.label, self.value, self.value, self.difference, self.interval, self.bar, self.p_value)
        return sum(width + _GAP for width in widths if width) - _GAP

    @property
    def before_bar(self) -> int:
        """Where the bars begin."""
        return replace(self, bar=0, p_value=0).total + _GAP


class MetricTable:
    """As wide as there is room for: the bars become shorter, then bars, intervals and differences are left out."""

    def __init__(self, row: Row, notes: Mapping[str, str]) -> None:
        """`notes` are written beside the names of groups."""
        self._groups = {name: found for name in GROUPS if (found := list(lines(row, name)))}
        self._lines = list(chain.from_iterable(self._groups.values()))
        self._notes = notes
        self._axes = {Scale.SHARE: self._axis(Scale.SHARE, POINTS), Scale.RATIO: self._axis(Scale.RATIO, FACTORS)}

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._lines:
            return
        columns = _fitted(self._lines, options.max_width)
        yield _one_line(_header(columns))
        shown = None
        for name, group in self._groups.items():
            axis = self._axes.get(group[0][0].scale)
            note = self._notes.get(name, "")
            beside = f"{name}  {note}" if len(f"{name}  {note}") <= columns.before_bar - _GAP else name
            yield _one_line(_heading(beside, len(name), columns, axis if axis is not shown else None))
            if note and beside == name:
                yield Text(note, style="dim")
            yield from (_one_line(self._line(metric, of, columns)) for metric, of in group)
            shown = axis
        yield Text(_LEGEND + (_LEGEND_OF_BARS if columns.bar else ""), style="dim")

    def _axis(self, scale: Scale, choice: Sequence[Axis]) -> Axis:
        return fitting(choice, [of.advantage for metric, of in self._lines if metric.scale is scale and of.advantage])

    def _line(self, metric: Metric, of: Standing, columns: _Columns) -> Text:
        text = _label(metric, columns.label)
        for side in ("a", "b"):
            _append(text, *_value(metric, of, side, columns.value))
        if columns.difference:
            said = difference(metric, of.advantage) if of.advantage else ""
            _append(text, said.ljust(columns.difference), "" if of.better else "dim")
        if columns.interval:
            said = interval(metric, of.advantage) if of.advantage else ""
            _append(text, said.ljust(columns.interval), "dim")
        if columns.bar:
            self._append_bar(text, metric, of, columns.bar)
        if columns.p_value and of.p_value is not None:
            _append(text, _p_value(of.p_value), "dim")
        return text

    def _append_bar(self, text: Text, metric: Metric, of: Standing, width: int) -> None:
        axis = self._axes.get(metric.scale)
        bar = axis.bar(of.advantage, width) if axis else ZERO.center(width)
        start = len(text) + _GAP
        _append(text, bar, STYLES[of.better] if of.better and of.is_beyond_chance else "")
        for index, cell in enumerate(bar):
            if cell == ZERO:
                text.stylize("dim", start + index, start + index + 1)


def _fitted(found: Sequence[tuple[Metric, Standing]], width: int) -> _Columns:
    """The most columns that fit, with the longest bars."""
    advantages = [(metric, of.advantage) for metric, of in found if of.advantage]
    full = _Columns(
        label=max(len(f"{metric.label} {metric.unit}") for metric, _ in found),
        value=max(len(written(metric, value)) for metric, of in found for value in (of.a, of.b)) + _GAP,
        difference=max((len(difference(*each)) for each in advantages), default=0),
        interval=max((len(interval(*each)) for each in advantages), default=0),
        p_value=_P_WIDTH if width >= _WIDE and any(of.p_value is not None for _, of in found) else 0,
    )
    room = width - full.total - _GAP
    if full.difference and room >= _SHORTEST_BAR:
        bar = min(room, _LONGEST_BAR)
        return replace(full, bar=bar - 1 + bar % 2)
    narrower = (full, replace(full, interval=0), replace(full, interval=0, difference=0))
    return next((each for each in narrower if each.total <= width), narrower[-1])


def _header(columns: _Columns) -> Text:
    text = Text(" " * columns.label)
    for side in ("a", "b"):
        # Above the digits: what follows them is the mark.
        _append(text, side.upper().rjust(columns.value - _GAP) + " " * _GAP, f"bold {STYLES[side]}")
    if columns.difference:
        _append(text, "difference".ljust(columns.difference + _GAP + columns.interval), "dim")
    if columns.bar:
        text.truncate(columns.before_bar - _GAP, pad=True)
        half = columns.bar // 2
        left, right = ("← A better ", " B better →") if half >= len("← A better ") else ("← A ", " B →")
        _append(text, left.rjust(half), STYLES["a"])
        text.append(ZERO, style="dim").append(right.ljust(half), style=STYLES["b"])
    return text


def _heading(said: str, bold: int, columns: _Columns, axis: Axis | None) -> Text:
    """The group's name, its first `bold` characters, and the ends of the axis where another one begins."""
    heading = Text()
    heading.append(said[:bold], style="bold").append(said[bold:], style="dim")
    if columns.bar:
        heading.append(" " * (columns.before_bar - heading.cell_len))
        half = columns.bar // 2
        end = axis.label if axis else ""
        end = end if len(end) <= half else end.removesuffix(" points")
        heading.append(end.ljust(half) + ZERO + end.rjust(half), style="dim")
    return heading


def _label(metric: Metric, width: int) -> Text:
    text = Text().append(metric.label, style="bold" if metric.name == COMPOSITE else "")
    text.append(f" {metric.unit}", style="dim")
    text.truncate(width, pad=True)
    return text


def _value(metric: Metric, of: Standing, side: str, width: int) -> tuple[str, str]:
    """A figure with its mark, and its style."""
    value = of.a if side == "a" else of.b
    is_better = of.better == side
    mark = (BEYOND_CHANCE if of.is_beyond_chance else IN_THIS_RUN) if is_better else " "
    style = f"bold {STYLES[side]}" if is_better and of.is_beyond_chance else "dim" if value is None else ""
    return f"{written(metric, value)} {mark}".rjust(width), style


def _p_value(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _append(text: Text, cell: str, style: str) -> None:
    text.append(" " * _GAP).append(cell, style=style)


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    text.rstrip()
    return text
