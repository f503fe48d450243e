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

PROGRESS_SECONDS = 1.0
"""Progress is published at most this often, since each one is a Realtime message."""


class LeaseKeeper:
    """Renews a lease at a third of its length and carries the progress.

    ``ended`` says why the work must stop: ``cancelled``, ``lost``, or ``expired`` when it
    could not be renewed in time by this process's own monotonic clock.
    """

    def __init__(self, store: JobStore, lease: Lease, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._lease, self._clock = store, lease, clock
        self._changed = threading.Condition()
        self._progress: Mapping[str, Any] | None = None
        self._sent: Mapping[str, Any] | None = None
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

    def must_stop(self) -> bool:
        """Whether the lease is gone, so that nothing may be written any more."""
        return self.ended is not None or self.expired()

    def expired(self) -> bool:
        """Whether the lease has run out by this process's own clock."""
        # A tenth is kept back, so that the work has ended before the database says so.
        return self._clock() - self._renewed_at > 0.9 * self._lease.seconds

    def _run(self) -> None:
        while self._wait():
            self._renew()

    def _wait(self) -> bool:
        """Sleep until a renewal is due; False when the work is over."""
        with self._changed:
            while not self._closing and self.ended is None:
                due = self._due_in()
                if due <= 0:
                    return True
                self._changed.wait(due)
        return False

    def _due_in(self) -> float:
        now = self._clock()
        due = self._renewed_at + self._lease.seconds / 3
        if self._progress != self._sent:
            due = self._renewed_at + PROGRESS_SECONDS
        return max(due, self._sent_at + PROGRESS_SECONDS) - now

    def _renew(self) -> None:
        started = self._sent_at = self._clock()
        progress = self._progress
        try:
            outcome = self._store.renew(self._lease, progress)
        except Exception as error:
            self._note_failure(error)
            return
        if outcome == "renewed":
            self._renewed_at, self._sent = started, progress
        else:
            self.ended = outcome

    def _note_failure(self, error: Exception) -> None:
        unforeseen = not isinstance(error, StoreError)
        _log.warning("could not renew the lease", action="renew_failed", error=str(error), exc_info=unforeseen)
        if self.expired():
            self.ended = "expired"
