"""Asks for the next job, in a way that no lost reply can double or lose."""

import time
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from agent.job import Lease
from agent.store import JobStore


@dataclass(frozen=True)
class _Request:
    """A claim that has not been answered yet."""

    id: UUID = field(default_factory=uuid4)
    asked_at: float = field(default_factory=lambda: time.monotonic())


class Claimer:
    """Claims with one request id until there is an answer; methods raise StoreError.

    A claim whose reply was lost is so answered again. One that has waited for long is given back, if it took
    anything, and another id is taken, so that a job has all of its time.
    """

    def __init__(self, store: JobStore, lease_seconds: float, time_limit_seconds: float) -> None:
        self._store = store
        self._time_limit_seconds = time_limit_seconds
        self._patience_seconds = min(lease_seconds, time_limit_seconds / 10)
        self._unanswered: _Request | None = None

    def claim(self) -> Lease | None:
        """The next job, if there is one, with its deadline on this process's monotonic clock."""
        if self._unanswered and time.monotonic() - self._unanswered.asked_at > self._patience_seconds:
            self.give_back()
        request = self._unanswered = self._unanswered or _Request()
        lease = self._store.claim(request.id)
        self._unanswered = None
        # The attempt may have begun as early as the first asking.
        return lease and replace(lease, deadline=request.asked_at + self._time_limit_seconds)

    def give_back(self) -> None:
        """Release what a claim may have taken whose answer never came."""
        if self._unanswered is not None:
            lease = self._store.claim(self._unanswered.id)
            if lease is not None:
                self._store.release(lease)
            self._unanswered = None
