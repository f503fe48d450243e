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

    A claim whose reply was lost is so answered again. After the length of a lease a new id is taken, since nothing
    can be left of a claim of the old one.
    """

    def __init__(self, store: JobStore, lease_seconds: float, time_limit_seconds: float) -> None:
        self._store = store
        self._lease_seconds, self._time_limit_seconds = lease_seconds, time_limit_seconds
        self._unanswered: _Request | None = None

    def claim(self) -> Lease | None:
        """The next job, if there is one, with its deadline on this process's monotonic clock."""
        request = self._request()
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

    def _request(self) -> _Request:
        known = self._unanswered
        if known is None or time.monotonic() - known.asked_at > self._lease_seconds:
            known = self._unanswered = _Request()
        return known
