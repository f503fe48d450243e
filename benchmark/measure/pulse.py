"""The Host's side of staying in touch while it works."""

import time
from multiprocessing.connection import Connection
from typing import Any

from benchmark.measure.messages import Beat

#: Seconds between two looks at the connection; a look costs some 20 µs.
_LOOK_INTERVAL = 0.05
#: Seconds between two signs of life.
_BEAT_INTERVAL = 0.5


class StopRequested(Exception):
    """The parent wants this command to end."""


class Pulse:
    """Called between predictions, never inside a timed part."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._looked_at = self._beat_at = time.perf_counter()

    def tick(self, done: float, total: float) -> None:
        """Send a sign of life if one is due.

        Raises StopRequested, or EOFError where the parent is gone.
        """
        now = time.perf_counter()
        if now - self._looked_at < _LOOK_INTERVAL:
            return
        self._looked_at = now
        if self._connection.poll(0):
            self._connection.recv()  # nothing but Stop comes while a command runs
            raise StopRequested
        if now - self._beat_at >= _BEAT_INTERVAL:
            self._beat_at = now
            self._connection.send(Beat(done, total))
