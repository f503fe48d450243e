"""When an agent leaves by itself."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Shift:
    """Shared by all workers of a process: while one of them has a job, none has been idle for too long."""

    def __init__(self, *, once: bool = False, idle_exit_seconds: float = math.inf) -> None:
        """`once`: after one job of each worker. `idle_exit_seconds`: when no job has come for so long."""
        self.once, self._idle_exit_seconds = once, idle_exit_seconds
        self._lock = threading.Lock()
        self._busy = 0
        self._idle_since = time.monotonic()

    def begin(self) -> None:
        """Count from now: what came before was no idleness, or a job has just come."""
        with self._lock:
            self._idle_since = time.monotonic()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a worker waits for an answer, which may be a job."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    @contextmanager
    def working(self) -> Iterator[None]:
        """While a worker has a job."""
        with self.asking():
            try:
                yield
            finally:
                self.begin()

    def idle_left(self) -> float:
        """Seconds until all have been idle for too long; 0 or less when they have."""
        with self._lock:
            if self._busy:
                return self._idle_exit_seconds
            return self._idle_since + self._idle_exit_seconds - time.monotonic()
