"""Whether this agent's device can be used, found out before a job is claimed and not by it."""

import time
from collections.abc import Callable

import structlog

from benchmark import DeviceReport

_log = structlog.stdlib.get_logger(__name__)

_AGAIN_SECONDS = 60.0


class Fitness:
    """Looks at the device before the first claim, after a job that it may have failed, and as long as it is unfit."""

    def __init__(self, look: Callable[[], DeviceReport], again_seconds: float = _AGAIN_SECONDS) -> None:
        self._look, self._again_seconds = look, again_seconds
        self._problem: str | None = None
        self._look_at = -1.0
        """When to look again, on the monotonic clock."""

    def doubt(self) -> None:
        """A job has failed in a way that the device may be to blame for."""
        self._look_at = -1.0

    def problem(self) -> str | None:
        """Why no job can be done here, in a sentence or two; None where the device can be used. May take seconds."""
        if time.monotonic() >= self._look_at:
            self._problem = self._found(self._look())
            self._look_at = time.monotonic() + (self._again_seconds if self._problem else float("inf"))
        return self._problem

    def _found(self, report: DeviceReport) -> str | None:
        problem = f"{report.problem} {report.hint or ''}".strip() if report.problem else None
        if problem != self._problem:
            if problem:
                _log.error(problem, action="unfit", device=report.device, again_in_s=self._again_seconds)
            else:
                _log.info("the device can be used again", action="fit", device=report.device)
        return problem
