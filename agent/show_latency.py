"""Both models' single-stream times, in the order measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from agent.advantage import Row
from agent.reading import mapping, number, numbers
from agent.show_metrics import STYLES
from agent.sparkline import Heights, sparkline, thinned
from agent.wording import NOT_MEASURED, figure

_PERCENTILES = ("p50", "p90", "p99")
_SHORTEST, _LONGEST = 8, 72


class LatencyLines:
    """A sparkline for each model, both of one scale, with the percentiles beside; nothing where there are none."""

    def __init__(self, row: Row) -> None:
        self._metrics = {side: mapping(row, f"model_{side}_metrics") for side in ("a", "b")}
        self._times = {side: numbers(metrics.get("latencies_ms")) for side, metrics in self._metrics.items()}

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        figures = {side: _figures(metrics) for side, metrics in self._metrics.items()}
        if not any(self._times.values()) and all(cell == NOT_MEASURED for cells in figures.values() for cell in cells):
            return
        widths = [max(map(len, cells)) for cells in zip(*figures.values(), strict=True)]
        beside = {side: _beside(cells, widths) for side, cells in figures.items()}
        room = options.max_width - max(map(len, beside.values())) - len("A  ")
        drawn = self._drawn(min(room, _LONGEST)) if room >= _SHORTEST else {}
        yield self._heading(drawn)
        for side in ("a", "b"):
            text = Text(f"{side.upper()} ", style=f"bold {STYLES[side]}", no_wrap=True, overflow="ellipsis")
            width = max(map(len, drawn.values()), default=0)
            if drawn:
                text.append(drawn[side].ljust(width), style=f"not bold {STYLES[side]}")
            yield text.append(beside[side], style="not bold default")
        if lacking := [name for name in _PERCENTILES if any(self._lacks(side, name) for side in ("a", "b"))]:
            yield Text(f"  {', '.join(lacking)} {NOT_MEASURED}: too few samples to tell", style="dim")

    def _drawn(self, width: int) -> dict[str, str]:
        shown = {side: thinned(times, width) for side, times in self._times.items()}
        heights = Heights.of(*shown.values())
        return {side: sparkline(times, heights) for side, times in shown.items()} if any(shown.values()) else {}

    def _heading(self, drawn: Mapping[str, str]) -> Text:
        heading = Text("latency", style="bold")
        heading.append(" of one image after the other, ms", style="not bold dim")
        if drawn:
            width = max(map(len, drawn.values()))
            heights = Heights.of(*(thinned(times, width) for times in self._times.values()))
            said = f"; blocks from {figure(heights.bottom)} to {figure(heights.top)}"
            heading.append(said, style="not bold dim")
        return heading

    def _lacks(self, side: str, name: str) -> bool:
        return bool(self._times[side]) and number(self._metrics[side].get(f"{name}_ms")) is None


def _figures(metrics: Mapping[str, Any]) -> list[str]:
    values = [figure(number(metrics.get(f"{name}_ms"))) for name in _PERCENTILES]
    samples = number(metrics.get("samples"))
    return [*values, NOT_MEASURED if samples is None else f"{samples:,.0f}"]


def _beside(cells: Sequence[str], widths: Sequence[int]) -> str:
    said = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    percentiles = "".join(f"  {name} {cell}" for name, cell in zip(_PERCENTILES, said, strict=False))
    return f"{percentiles}  {said[-1]} samples"
