"""Whether this agent's device can be used, found out before a job is claimed and not by it."""

import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

import structlog

from benchmark import DeviceReport

_log = structlog.stdlib.get_logger(__name__)

_AGAIN_SECONDS = 60.0
_LONGEST_AGAIN_SECONDS = 600.0
_MOST_EXCUSED = 1000

ShouldStop = Callable[[], bool]


class Fitness:
    """Looks at the device before the first claim, after a job that it may have failed, and as long as it is unfit."""

    def __init__(self, look: Callable[[ShouldStop], DeviceReport], again_seconds: float = _AGAIN_SECONDS) -> None:
        """`again_seconds` is how long an unfit device is left alone at first; the pause doubles with each look."""
        self._look, self._again_seconds = look, again_seconds
        self._problem: str | None = None
        self._look_at = -1.0
        """When to look again, on the monotonic clock."""
        self._pause_seconds = again_seconds
        self._excused: deque[UUID] = deque(maxlen=_MOST_EXCUSED)

    def doubt(self, job_id: UUID) -> bool:
        """This job has failed in a way that the device may be to blame for; whether it is so for the first time."""
        self._look_at = -1.0
        first = job_id not in self._excused
        if first:
            self._excused.append(job_id)
        return first

    def problem(self, should_stop: ShouldStop = lambda: False) -> str | None:
        """Why no job can be done here, in a sentence or two; None where the device can be used.

        May take a minute, if nobody stops it. Raises Cancelled.
        """
        if time.monotonic() >= self._look_at:
            self._take_in(self._look(should_stop))
        return self._problem

    def _take_in(self, report: DeviceReport) -> None:
        before, self._problem = self._problem, None
        if report.problem:
            self._problem = f"{report.problem} {report.hint or ''}".strip()
        self._plan()
        if self._problem and self._problem != before:
            _log.error(self._problem, action="unfit", device=report.device, again_in_s=self._again_seconds)
        elif before and not self._problem:
            _log.info("the device can be used again", action="fit", device=report.device)

    def _plan(self) -> None:
        """When to look again: a process that asks a dead driver may stay for ever, so not too often."""
        if self._problem is None:
            self._look_at, self._pause_seconds = float("inf"), self._again_seconds
        else:
            self._look_at = time.monotonic() + self._pause_seconds
            self._pause_seconds = min(2 * self._pause_seconds, max(self._again_seconds, _LONGEST_AGAIN_SECONDS))
