"""A JobStore that is counted."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from prometheus_client import Counter

from agent.job import Lease
from agent.store import AgentStatus, Completion, Failure, JobStore, Release, Renewal
from agent.telemetry.metrics import Metrics
from agent.telemetry.safely import Safely

_A = TypeVar("_A", bound=str)


class WatchedStore:
    """Does what the store does that it wraps, and counts what was answered."""

    def __init__(self, store: JobStore, metrics: Metrics, device: str, safely: Safely) -> None:
        self._store, self._metrics, self._device, self._safely = store, metrics, device, safely

    def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
        """See JobStore."""
        self._store.register(status, problem)

    def claim(self, request_id: UUID) -> Lease | None:
        """See JobStore."""
        started, answer = time.perf_counter(), "error"
        try:
            lease = self._store.claim(request_id)
            answer = "nothing" if lease is None else "job"
            return lease
        finally:
            with self._safely:
                self._metrics.claims.labels(self._device, answer).inc()
                self._metrics.claim_seconds.labels(self._device).observe(time.perf_counter() - started)

    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        """See JobStore."""
        return self._counted(lambda: self._store.renew(lease, progress), self._metrics.renewals)

    def complete(self, lease: Lease, result: Mapping[str, Any], images: Sequence[Mapping[str, Any]]) -> Completion:
        """See JobStore."""
        return self._counted(lambda: self._store.complete(lease, result, images), self._metrics.writes, "complete")

    def fail(self, lease: Lease, error: Mapping[str, Any], *, transient: bool) -> Failure:
        """See JobStore."""
        return self._counted(lambda: self._store.fail(lease, error, transient=transient), self._metrics.writes, "fail")

    def release(self, lease: Lease) -> Release:
        """See JobStore."""
        return self._counted(lambda: self._store.release(lease), self._metrics.writes, "release")

    def _counted(self, call: Callable[[], _A], counter: Counter, *labels: str) -> _A:
        answer = "error"
        try:
            answer = said = call()
            return said
        finally:
            with self._safely:
                counter.labels(self._device, *labels, answer).inc()
