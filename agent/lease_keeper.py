"""Keeps a lease alive, from a thread of its own, while the models are at work."""

import contextvars
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog

from agent.errors import StoreError
from agent.job import Lease
from agent.store import JobStore

_log = structlog.stdlib.get_logger(__name__)

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
        # The claim was asked for before this moment, so the first lease counts as part used up.
        self._renewed_at = self._sent_at = clock()
        # The copied context puts the job's id into this thread's log lines too.
        run = partial(contextvars.copy_context().run, self._run)
        self._thread = threading.Thread(target=run, name="lease-keeper", daemon=True)
        self.ended: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def report(self, progress: Mapping[str, Any]) -> None:
        """Publish ``progress`` with the next renewal, which comes within a second."""
        with self._changed:
            self._progress = progress
            self._changed.notify()

    def must_stop(self) -> bool:
        """Whether the lease is gone, so that nothing may be written any more."""
        return self.ended is not None or self._expired()

    def _expired(self) -> bool:
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
        except StoreError as error:
            self._note_failure(error)
            return
        if outcome == "renewed":
            self._renewed_at, self._sent = started, progress
        else:
            self.ended = outcome

    def _note_failure(self, error: StoreError) -> None:
        _log.warning("could not renew the lease", action="renew_failed", error=str(error))
        if self._expired():
            self.ended = "expired"
