"""Makes one trace of each job, from its insert to the commit of its end.

::

    job                 from the insert to the end; written by the agent that ends the job
    ├── wait            until an attempt was claimed
    └── attempt
        ├── fetch       and the other phases, each until the next one
        └── write
"""

import time
from datetime import datetime

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from agent.job import Lease
from agent.job_watch import NobodyWatches
from agent.telemetry.job_ids import JobIds, below_root

_ENDS = {"completed", "failed", "cancelled"}
_FAULTLESS = {"released", "cancelled"}


class _Clock:
    """Nanoseconds of UTC; however the system's clock is set meanwhile, it goes on evenly."""

    def __init__(self) -> None:
        self._began_ns, self._offset_ns = time.perf_counter_ns(), time.time_ns()

    def now_ns(self) -> int:
        return self._offset_ns + time.perf_counter_ns() - self._began_ns


class JobTraces(NobodyWatches):
    """A JobWatch of one worker."""

    def __init__(self, provider: TracerProvider, ids: JobIds, agent: str, device: str) -> None:
        """`agent` is the agent's name."""
        self._tracer, self._ids = provider.get_tracer("vision-arena"), ids
        self._own = {"arena.agent": agent, "arena.device": device}
        self._clock = _Clock()
        self._lease: Lease | None = None
        self._attempt: Span | None = None
        self._phase: tuple[str, Span] | None = None
        self._last: tuple[Span, int] | None = None
        """The phase before the write, and when it ended."""

    def claimed(self, lease: Lease) -> None:
        """See JobWatch."""
        self._lease, self._clock, self._phase, self._last = lease, _Clock(), None, None
        now_ns, root = self._clock.now_ns(), below_root(lease.job_id)
        self._tracer.start_span("wait", root, start_time=now_ns - _waited_ns(lease)).end(now_ns)
        attributes = {**self._own, **_about(lease)}
        self._attempt = self._tracer.start_span("attempt", root, attributes=attributes, start_time=now_ns)

    def phase(self, name: str) -> None:
        """See JobWatch."""
        if self._phase is None or self._phase[0] != name:
            self._end_phase()
            self._begin_phase(name)

    def writing(self) -> None:
        """See JobWatch."""
        if self._phase:
            # It may have been the one that failed, which is known only when that is written.
            self._last, self._phase = (self._phase[1], self._clock.now_ns()), None
        self._begin_phase("write")

    def ended(self, outcome: str, code: str | None) -> None:
        """See JobWatch."""
        lease, attempt = self._lease, self._attempt
        if lease is None or attempt is None:
            return
        status = _status(outcome, code)
        if self._last:
            _end(self._last[0], Status() if status.is_ok else status, code, self._last[1])
        self._end_phase()
        now_ns = self._clock.now_ns()
        attempt.set_attribute("arena.outcome", outcome)
        _end(attempt, status, code, now_ns)
        if outcome in _ENDS:
            self._write_root(lease, outcome, code, now_ns)
        self._lease = self._attempt = self._last = None

    def _write_root(self, lease: Lease, outcome: str, code: str | None, now_ns: int) -> None:
        attributes = {**self._own, **_about(lease), "arena.outcome": outcome}
        with self._ids.of(lease.job_id):
            root = self._tracer.start_span("job", attributes=attributes, start_time=_created_ns(lease, now_ns))
        _end(root, _status(outcome, code), code, now_ns)

    def _begin_phase(self, name: str) -> None:
        if self._attempt:
            below = set_span_in_context(self._attempt)
            self._phase = (name, self._tracer.start_span(name, below, start_time=self._clock.now_ns()))

    def _end_phase(self) -> None:
        if self._phase:
            self._phase[1].end(self._clock.now_ns())
            self._phase = None


def _about(lease: Lease) -> dict[str, str | int]:
    """Neither paths nor addresses: whoever reads traces need not be who may read jobs."""
    return {
        "arena.job_id": str(lease.job_id),
        "arena.model_a": lease.model_a,
        "arena.model_b": lease.model_b,
        "arena.images": len(lease.images),
        "arena.attempt": lease.attempt,
        "arena.max_attempts": lease.max_attempts,
    }


def _end(span: Span, status: Status, code: str | None, at_ns: int) -> None:
    if code:
        span.set_attribute("error.type", code)
    span.set_status(status)
    span.end(at_ns)


def _status(outcome: str, code: str | None) -> Status:
    if outcome == "completed":
        return Status(StatusCode.OK)
    if outcome in _FAULTLESS:
        return Status(StatusCode.UNSET)
    return Status(StatusCode.ERROR, code or outcome)


def _waited_ns(lease: Lease) -> int:
    return round(lease.waited_ms * 1e6)


def _created_ns(lease: Lease, now_ns: int) -> int:
    """On the database's clock, but never after the end."""
    created_at: datetime | None = lease.created_at
    created_ns = round(created_at.timestamp() * 1e9) if created_at else now_ns - _waited_ns(lease)
    return min(created_ns, now_ns)
