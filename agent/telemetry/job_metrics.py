"""Counts a worker's jobs and times their phases."""

import time
from collections.abc import Callable

from agent.job import Lease
from agent.job_watch import NobodyWatches
from agent.telemetry.metrics import LOSSES, OUTCOMES, WRITTEN, Metrics


class JobMetrics(NobodyWatches):
    """A JobWatch of one worker.

    A phase lasts from the first word of it to the first of the next. The one that an error or a person broke off is
    not counted: it would make a phase look quick.
    """

    def __init__(self, metrics: Metrics, device: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self._metrics, self._device, self._clock = metrics, device, clock
        self._began_at = self._phase_at = clock()
        self._phase: str | None = None
        self._last: tuple[str, float] | None = None
        """The phase before the write, and its seconds."""

    def claimed(self, lease: Lease) -> None:
        """See JobWatch."""
        self._began_at = self._phase_at = self._clock()
        self._phase = self._last = None
        self._metrics.busy.labels(self._device).set(1)
        self._observe("wait", lease.waited_ms / 1e3)

    def phase(self, name: str) -> None:
        """See JobWatch."""
        if name != self._phase and (over := self._turn_to(name)):
            self._observe(*over)

    def writing(self) -> None:
        """See JobWatch."""
        self._last = self._turn_to("write")

    def ended(self, outcome: str, code: str | None) -> None:
        """See JobWatch."""
        outcome = outcome if outcome in OUTCOMES else "left"
        over = self._turn_to(None)
        if outcome == "completed":
            for each in filter(None, (self._last, over)):
                self._observe(*each)
        elif over and over[0] == "write" and outcome in WRITTEN:
            self._observe(*over)
        self._metrics.busy.labels(self._device).set(0)
        self._metrics.jobs.labels(self._device, outcome).inc()
        if code:
            self._metrics.job_errors.labels(self._device, code).inc()
        self._metrics.job_seconds.labels(self._device, outcome).observe(self._clock() - self._began_at)
        if outcome in LOSSES:
            self._metrics.losses.labels(self._device, outcome).inc()

    def _turn_to(self, phase: str | None) -> tuple[str, float] | None:
        """Begin a phase; gives the one that is over, and its seconds."""
        now = self._clock()
        over = (self._phase, now - self._phase_at) if self._phase else None
        self._phase, self._phase_at = phase, now
        return over

    def _observe(self, phase: str, seconds: float) -> None:
        self._metrics.phase_seconds.labels(self._device, phase).observe(seconds)
