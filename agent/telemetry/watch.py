"""Tells several JobWatches at once, so that none can do a job harm."""

import threading
from collections.abc import Callable, Sequence

from agent.job import Lease
from agent.job_watch import JobWatch
from agent.telemetry.safely import Safely


class WorkerWatch:
    """The JobWatch of one worker. Its parts hear one thing at a time, whichever threads speak."""

    def __init__(self, parts: Sequence[JobWatch], safely: Safely) -> None:
        self._parts, self._safely = parts, safely
        self._lock = threading.Lock()

    def beat(self) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.beat())

    def claims(self, problem: str | None) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.claims(problem))

    def claimed(self, lease: Lease) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.claimed(lease))

    def phase(self, name: str) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.phase(name))

    def writing(self) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.writing())

    def ended(self, outcome: str, code: str | None) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.ended(outcome, code))

    def leave(self) -> None:
        """See JobWatch."""
        self._tell(lambda part: part.leave())

    def _tell(self, say: Callable[[JobWatch], None]) -> None:
        with self._lock:
            for part in self._parts:
                with self._safely:
                    say(part)
