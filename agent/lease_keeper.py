"""Keeps a lease alive, from a thread of its own, while the models are at work."""

import contextvars
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

import structlog

from agent.errors import StoreError
from agent.job import Lease
from agent.store import JobStore

_log = structlog.stdlib.get_logger(__name__)

_JOIN_SECONDS = 2.0
_STUCK_SECONDS = 60.0
_END_SECONDS = 5.0
"""What it takes at most to stop the work and to write why."""

_HEARTBEAT_SECONDS = 40.0
"""A renewal is a heartbeat, and an agent that was not heard of for two minutes is not called alive."""

PROGRESS_SECONDS = 1.0
"""Progress is published at most this often, since each one is a Realtime message."""


class LeaseKeeper:
    """Renews a lease at a third of its length or sooner, carries the progress, and says when the work must stop.

    ``ended`` says why the lease is gone: ``cancelled``, ``lost``, or ``expired`` when it could not be renewed in
    time by this process's own monotonic clock. The work must stop a little before the lease's deadline too, so that
    there is time to say so. ``on_stuck`` is called if it has not stopped a minute later, ``on_beat`` at each renewal.
    """

    def __init__(
        self,
        store: JobStore,
        lease: Lease,
        *,
        on_stuck: Callable[[], object] = lambda: None,
        on_beat: Callable[[], object] = lambda: None,
        stuck_seconds: float = _STUCK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._lease, self._clock = store, lease, clock
        self._on_stuck, self._on_beat, self._stuck_seconds = on_stuck, on_beat, stuck_seconds
        self._changed = threading.Condition()
        self._progress: Mapping[str, Any] | None = None
        self._sent: Mapping[str, Any] | None = None
        self._nudged = False
        self._working = True
        self._closing = False
        self._sent_at = clock()
        # The lease began when the claim was made, at the earliest when it was asked for.
        self._renewed_at = clock() - (time.monotonic() - lease.asked_at)
        # The copied context puts the job's id into this thread's log lines too.
        run = partial(contextvars.copy_context().run, self._run)
        self._thread = threading.Thread(target=run, name="lease-keeper", daemon=True)
        self.ended: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        # A renewal that hangs must not hold up the end of the job; its outcome no longer matters.
        self._thread.join(timeout=_JOIN_SECONDS)

    def report(self, progress: Mapping[str, Any]) -> None:
        """Publish ``progress`` with the next renewal, which comes within a second."""
        with self._changed:
            self._progress = progress
            self._changed.notify()

    def renew_now(self) -> None:
        """Renew within a second: there may be news of the job."""
        with self._changed:
            self._nudged = True
            self._changed.notify()

    def work_is_over(self) -> None:
        """Say that only its end is still to be written."""
        with self._changed:
            self._working = False
            self._changed.notify()

    def must_stop(self) -> bool:
        """Whether the work has to stop: the lease is gone, or time is up."""
        return self.is_gone() or self.time_is_up()

    def is_gone(self) -> bool:
        """Whether the lease is gone, so that nothing may be written any more."""
        return self.ended is not None or self.expired()

    def expired(self) -> bool:
        """Whether the lease has run out by this process's own clock."""
        now = self._clock()
        return now - self._renewed_at > self._lease.seconds - self._kept_back() or now > self._lease.deadline

    def time_is_up(self) -> bool:
        """Whether what is left until the deadline is just enough to end the attempt in good order."""
        return self._clock() > self._lease.deadline - _END_SECONDS

    def _kept_back(self) -> float:
        """Seconds before the lease's end by which the work must have been told to stop, so that it has by then."""
        return max(0.1 * self._lease.seconds, min(2.0, 0.25 * self._lease.seconds))

    def _run(self) -> None:
        while self._wait():
            self._renew()
        self._await_end()

    def _wait(self) -> bool:
        """Sleep until a renewal is due; False when the work is over or has to stop."""
        with self._changed:
            while not self._closing and not self.must_stop():
                due = self._due_in()
                if due <= 0:
                    return True
                self._changed.wait(due)
        return False

    def _due_in(self) -> float:
        now = self._clock()
        due = self._renewed_at + min(self._lease.seconds / 3, _HEARTBEAT_SECONDS)
        if self._nudged or self._progress != self._sent:
            due = self._renewed_at + PROGRESS_SECONDS
        return max(due, self._sent_at + PROGRESS_SECONDS) - now

    def _renew(self) -> None:
        self._on_beat()
        started = self._sent_at = self._clock()
        progress, nudged, self._nudged = self._progress, self._nudged, False
        try:
            outcome = self._store.renew(self._lease, progress)
        except Exception as error:
            unforeseen = not isinstance(error, StoreError)
            _log.warning("could not renew the lease", action="renew_failed", error=str(error), exc_info=unforeseen)
            self._nudged |= nudged
            return
        if outcome == "renewed":
            self._renewed_at, self._sent = started, progress
        else:
            self.ended = outcome

    def _await_end(self) -> None:
        """Say why the work must stop, and see that it does."""
        with self._changed:
            if self._closing or not self._working:
                return
            if self.ended is None and self.expired():
                self.ended = "expired"
            reason = self.ended or "time_limit"
            _log.warning("the work must stop", action="must_stop", reason=reason)
            stopped = self._changed.wait_for(lambda: self._closing or not self._working, self._stuck_seconds)
        if not stopped:
            _log.error("the work does not stop", action="stuck", reason=reason)
            self._on_stuck()
