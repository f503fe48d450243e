"""What others on the machine take from the processor while we measure."""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Self

import psutil

#: What a system that hides such figures answers with.
_UNREADABLE = (psutil.Error, OSError)


class OtherLoad:
    """A context manager, read once at its start and once at its end.

    Processes of ours are this one, `pids`, and all that those start: what else this one has started may be the Hosts of
    another Arena, which measures another GPU beside us. In a container the figure may be that of the whole
    host, which is what matters: it is the host's cores that a model runs on.
    """

    def __init__(self, pids: Collection[int] = ()) -> None:
        self._pids = pids
        self._start: _Reading | None = None
        #: CPU seconds per second that other processes used; known once it is over. None: not measured.
        self.cores: float | None = None

    def __enter__(self) -> Self:
        with suppress(*_UNREADABLE):
            self._start = _Reading.now(self._pids)
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(*_UNREADABLE):
            self.cores = _Reading.now(self._pids).others_since(self._start) if self._start else None


class _Reading:
    """Seconds: the clock, what all processes ever used, and what ours did."""

    def __init__(self, clock: float, everyone: float, ours: float) -> None:
        self._clock = clock
        self._everyone = everyone
        self._ours = ours

    @staticmethod
    def now(pids: Collection[int]) -> "_Reading":
        return _Reading(time.perf_counter(), _busy_seconds(), _own_seconds(pids))

    def others_since(self, start: "_Reading") -> float | None:
        seconds = self._clock - start._clock
        others = (self._everyone - start._everyone) - (self._ours - start._ours)
        # Both are rounded to the tick of the kernel's clock, so nothing may come out a little below 0.
        return max(0.0, others / seconds) if seconds > 0 else None


def _busy_seconds() -> float:
    """Of all processors. A guest's time is within user and nice; time that another virtual machine took is not work."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq")))


def _own_seconds(pids: Collection[int]) -> float:
    """This process's, and the Hosts' with what their children used that have ended: it goes on in their figures."""
    own = psutil.Process().cpu_times()
    total = own.user + own.system
    for process in set(_with_children(pids)):
        with suppress(psutil.Error):  # it has ended
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return float(total)


def _with_children(pids: Collection[int]) -> Iterator[psutil.Process]:
    for process in _existing(pids):
        yield process
        with suppress(psutil.Error):
            yield from process.children(recursive=True)


def _existing(pids: Collection[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        with suppress(psutil.Error):
            yield psutil.Process(pid)
