"""Whether a Host lets the other one have the processor while it waits for its turn."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


class Waiting:
    """CPU time of one waiting process, over all its waits."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu_s = self._waited_s = 0.0

    @property
    def cores(self) -> float:
        """CPU seconds per second of waiting; the kernel counts in ticks of some 10 ms."""
        return self._cpu_s / self._waited_s if self._waited_s else 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While the process waits. Costs two reads."""
        before, start = self._used(), time.perf_counter()
        yield
        self._cpu_s += self._used() - before
        self._waited_s += time.perf_counter() - start

    def _used(self) -> float:
        try:
            times = psutil.Process(self._pid).cpu_times()
        except (psutil.Error, OSError):  # it is gone, which its next turn will show, or hidden
            return 0.0
        return float(times.user + times.system)
