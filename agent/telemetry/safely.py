"""Telemetry must not touch a job."""

from types import TracebackType

import structlog

_log = structlog.stdlib.get_logger(__name__)


class Safely:
    """A context in which a fault ends the context and nothing else; the first one is logged. For any thread."""

    def __init__(self) -> None:
        self._said = False

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if not self._said:
            self._said = True
            _log.error("telemetry has a fault; jobs go on without it", action="telemetry_failed", exc_info=error)
        return True
