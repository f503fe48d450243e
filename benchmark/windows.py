"""Offline: two models take turns, one window of batches at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmark.measure.messages import Beat, ForgetPeak, Offline, PeakForgotten, Sweep, Swept, Window
from benchmark.model import Query
from benchmark.options import Options
from benchmark.phase import Phase

#: Batch sizes that are tried go up to this one.
_LARGEST_SWEPT = 64
#: How many times longer than it took one by one a batch may be silent.
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of both models, all with the same batch size."""

    #: As chosen, before it was halved until it fitted into memory.
    wanted_batch_size: int
    batch_size: int
    #: Whether larger batches were ruled out by memory alone.
    limited_by_memory: bool
    of_a: tuple[Window, ...]
    of_b: tuple[Window, ...]


def windows_in_turns(phase: Phase, options: Options, query: Query, slowest_s: float) -> Windows:
    """Windows A B B A …, begun anew with smaller batches where those of one model do not fit into memory.

    `slowest_s` is the longest that one image took. Both models use the smaller of the two batch sizes found: a size
    that differs by a hair of noise would make energy and throughput differ by far more.
    """
    best = _sweep(phase, query, slowest_s) if options.batch_size is None else Swept(options.batch_size)
    size = best.batch_size
    while True:
        windows = _round(phase, options, Offline(options.window_seconds, size, query), slowest_s)
        smallest = min(window.batch_size for side in windows for window in side)
        if smallest == size:
            return Windows(best.batch_size, size, best.limited_by_memory, tuple(windows[0]), tuple(windows[1]))
        size = smallest


def _sweep(phase: Phase, query: Query, slowest_s: float) -> Swept:
    silence_s = max(phase.silence_s, _PATIENCE * _LARGEST_SWEPT * slowest_s)
    swept = [phase.ask(side, Sweep(query), Swept, silence_s=silence_s) for side in (0, 1)]
    smallest = min(each.batch_size for each in swept)
    return Swept(smallest, any(each.limited_by_memory for each in swept if each.batch_size == smallest))


def _round(phase: Phase, options: Options, command: Offline, slowest_s: float) -> tuple[list[Window], list[Window]]:
    """All windows of both; left off after the first one whose batch had to be halved.

    The peaks of memory start anew: what was tried before is not what it takes.
    """
    phase.ask_both(ForgetPeak(), PeakForgotten)
    windows: tuple[list[Window], list[Window]] = ([], [])
    silence_s = max(phase.silence_s, _PATIENCE * command.batch_size * slowest_s)
    for turn in range(options.windows):
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            on_beat = _beat(phase, side, sum(map(len, windows)), 2 * options.windows)
            windows[side].append(phase.ask(side, replace(command, turn=turn), Window, on_beat, silence_s))
            if windows[side][-1].batch_size < command.batch_size:
                return windows
    return windows


def _beat(phase: Phase, side: int, finished: int, total: int) -> Callable[[Beat], None]:
    def report(beat: Beat) -> None:
        phase.report((finished + beat.done / beat.total) / total, side, finished, total)

    return report
