"""The queue in memory: what the SQL functions promise, in Python.

A JobStore for tests that need no database, and the oracle that the database is compared with.
"""

import random
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from agent.errors import RequestRefused
from agent.job import Lease
from agent.store import AgentCard, AgentStatus, Completion, Failure, Release, Renewal
from tests.agent.queue_state import Agent, Attempt, Job, QueueState

F = TypeVar("F", bound=Callable[..., Any])


def _transaction(method: F) -> F:
    """One at a time, as the row locks of the database see to."""

    @wraps(method)
    def locked(self: Any, *values: Any, **named: Any) -> Any:
        with self.lock:
            return method(self, *values, **named)

    return cast(F, locked)


class MemoryQueue:
    """Jobs, and what people do to them. The clock can be put forward."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.kept = QueueState()
        self._ahead = timedelta(0)

    @_transaction
    def state(self) -> QueueState:
        return deepcopy(self.kept)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def lapse(self, job_id: UUID) -> None:
        """Let the time of the job's lease run out."""
        if (attempt := self.lease(job_id)) and attempt.expires_at:
            attempt.expires_at = min(attempt.expires_at, self.now())

    def put_off(self, job_id: UUID, run_at: datetime) -> None:
        self.kept.jobs[job_id].run_at = run_at

    @_transaction
    def insert(self, **columns: Any) -> UUID:
        job = Job(**{"id": uuid.uuid4(), "run_at": self.now(), **columns})
        self.kept.jobs[job.id] = job
        return job.id

    @_transaction
    def cancel(self, job_id: UUID) -> str:
        job = self.kept.jobs[job_id]
        if job.status in ("succeeded", "failed"):
            raise RequestRefused(f"The job has already {job.status}.")
        if job.status != "cancelled":
            self.end_attempt(job_id, "cancelled")
            job.status = "cancelled"
        return "cancelled"

    @_transaction
    def retry(self, job_id: UUID) -> str:
        job = self.kept.jobs[job_id]
        if job.status in ("succeeded", "cancelled"):
            raise RequestRefused("The job did not fail.")
        if job.status == "failed":
            self.requeue(job, attempt=0, run_at=self.now(), error=None)
        return job.status

    def lease(self, job_id: UUID) -> Attempt | None:
        """The open attempt at the job, whether or not its lease has run out."""
        return next((a for a in self.kept.attempts.values() if a.job_id == job_id and a.outcome is None), None)

    def end_attempt(self, job_id: UUID, outcome: str, error: Mapping[str, Any] | None = None) -> None:
        if attempt := self.lease(job_id):
            attempt.outcome, attempt.error = outcome, error
            attempt.expires_at = attempt.deadline_at = None

    def requeue(self, job: Job, attempt: int, run_at: datetime, error: Mapping[str, Any] | None) -> None:
        job.status, job.attempt, job.run_at, job.error, job.progress = "pending", attempt, run_at, error, None

    def expired(self) -> list[Attempt]:
        return [a for a in self.kept.attempts.values() if a.expires_at and a.expires_at <= self.now()]

    def take_back_expired_leases(self) -> None:
        """An attempt that nobody renewed is over; it counts, so the last one fails the job. It keeps its turn."""
        for attempt in self.expired():
            job = self.kept.jobs[attempt.job_id]
            code = "time_limit" if attempt.expires_at == attempt.deadline_at else "lease_expired"
            error = {"code": code, "message": "The lease ran out.", "agent_id": str(attempt.agent_id)}
            self.end_attempt(job.id, "expired", error)
            if job.attempt < job.max_attempts:
                self.requeue(job, job.attempt, job.run_at, error)
            else:
                job.status, job.error = "failed", error

    def due(self) -> list[Job]:
        """Pending jobs whose time has come, in the order of their turns."""
        jobs = [job for job in self.kept.jobs.values() if job.status == "pending" and job.run_at <= self.now()]
        return sorted(jobs, key=lambda job: (-job.priority, job.run_at, job.id))


class MemoryStore:
    """JobStore of one agent; several share a queue."""

    def __init__(
        self, queue: MemoryQueue, card: AgentCard, *, lease_seconds: float = 60, time_limit_seconds: float = 3600
    ) -> None:
        self.lock = queue.lock
        self._queue, self._state, self._card = queue, queue.kept, card
        self._length, self._limit = timedelta(seconds=lease_seconds), timedelta(seconds=time_limit_seconds)

    @_transaction
    def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
        said = Agent(() if problem else tuple(self._card.models), status, problem=problem)
        known = self._state.agents.get(self._card.id)
        if known is None or (known.models, known.status, known.problem) != (said.models, said.status, said.problem):
            self._state.agents[self._card.id] = said

    @_transaction
    def claim(self, request_id: UUID) -> Lease | None:
        if self._card.id not in self._state.agents:
            raise RequestRefused(f"Agent {self._card.id} is not registered.")
        attempt = self._claimed_by(request_id)
        if attempt is None:
            self._queue.take_back_expired_leases()
            attempt = self._start_next_attempt(request_id)
        elif self._standing(attempt.job_id, attempt.token) == "held":
            self._extend(attempt)
        else:
            attempt = None
        self._put_agent_on(self._card.id, attempt.job_id if attempt else None)
        return self._as_lease(attempt) if attempt else None

    @_transaction
    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        standing = self._standing(lease.job_id, lease.token)
        if standing != "held":
            return "cancelled" if standing == "cancelled" else "lost"
        if progress is not None:
            self._state.jobs[lease.job_id].progress = progress
        self._extend(self._state.attempts[lease.token])
        return "renewed"

    @_transaction
    def complete(self, lease: Lease, result: Mapping[str, Any], images: Sequence[Mapping[str, Any]]) -> Completion:
        if late := self._late(lease, {"succeeded": "completed"}):
            return cast(Completion, late)
        job = self._state.jobs[lease.job_id]
        if result["winner"] not in (*job.models, "tie"):
            raise RequestRefused(f'The winner is "{result["winner"]}", which did not take part.')
        self._state.results[job.id], self._state.images[job.id] = result, images
        job.status, job.error = "succeeded", None
        self._end(lease, "succeeded")
        return "completed"

    @_transaction
    def fail(self, lease: Lease, error: Mapping[str, Any], *, transient: bool) -> Failure:
        if late := self._late(lease, {"failed": "failed", "retrying": "retrying"}):
            return cast(Failure, late)
        if not isinstance(error.get("message"), str):
            raise RequestRefused("p_error has no message.")
        job = self._state.jobs[lease.job_id]
        if transient and job.attempt < job.max_attempts:
            self._end(lease, "retrying", error)
            self._queue.requeue(job, job.attempt, self._queue.now() + backoff(job.attempt), error)
            return "retrying"
        self._end(lease, "failed", error)
        job.status, job.error = "failed", error
        return "failed"

    @_transaction
    def release(self, lease: Lease) -> Release:
        if late := self._late(lease, {"released": "released"}):
            return cast(Release, late)
        job = self._state.jobs[lease.job_id]
        self._end(lease, "released")
        self._queue.requeue(job, job.attempt - 1, job.run_at, job.error)
        return "released"

    def _standing(self, job_id: UUID, token: UUID) -> str:
        """Held, or else how the attempt ended, or else lost: the token decides, and time."""
        attempt = self._state.attempts.get(token)
        if attempt is None or attempt.job_id != job_id:
            return "lost"
        return "held" if self._lives(attempt) else attempt.outcome or "lost"

    def _lives(self, attempt: Attempt) -> bool:
        return attempt.expires_at is not None and attempt.expires_at > self._queue.now()

    def _late(self, lease: Lease, same_call: Mapping[str, str]) -> str | None:
        """None with the lease, else the answer: that of before to the same call, or a refusal that is noted."""
        standing = self._standing(lease.job_id, lease.token)
        if standing == "held" or standing in same_call:
            return same_call.get(standing)
        attempt = self._state.attempts.get(lease.token)
        if attempt and not self._lives(attempt):
            attempt.refused = True
        return "cancelled" if standing == "cancelled" else "lost"

    def _end(self, lease: Lease, outcome: str, error: Mapping[str, Any] | None = None) -> None:
        self._queue.end_attempt(lease.job_id, outcome, error)
        self._put_agent_on(self._state.attempts[lease.token].agent_id, None)

    def _claimed_by(self, request_id: UUID) -> Attempt | None:
        name = (self._card.id, request_id)
        return next((a for a in self._state.attempts.values() if (a.agent_id, a.request_id) == name), None)

    def _start_next_attempt(self, request_id: UUID) -> Attempt | None:
        job = next((job for job in self._queue.due() if set(job.models) <= set(self._card.models)), None)
        if job is None:
            return None
        job.status, job.attempt, job.progress = "running", job.attempt + 1, {"phase": "claimed"}
        now = self._queue.now()
        attempt = Attempt(uuid.uuid4(), job.id, job.attempt, self._card.id, request_id, now, now, now + self._limit)
        self._state.attempts[attempt.token] = attempt
        self._extend(attempt)
        return attempt

    def _extend(self, attempt: Attempt) -> None:
        if attempt.deadline_at is not None:
            attempt.expires_at = min(attempt.deadline_at, self._queue.now() + self._length)

    def _put_agent_on(self, agent_id: UUID, job_id: UUID | None) -> None:
        agent = self._state.agents[agent_id]
        agent.status, agent.job_id = "working" if job_id else "idle", job_id

    def _as_lease(self, attempt: Attempt) -> Lease:
        job = self._state.jobs[attempt.job_id]
        left = cast(datetime, attempt.expires_at) - self._queue.now()
        waited = attempt.started_at - job.run_at
        return Lease(
            job.id, attempt.token, job.attempt, job.max_attempts, left.total_seconds(), *job.models,
            tuple(job.images), job.options, waited_ms=1000 * waited.total_seconds(),
        )  # fmt: skip


def backoff(attempt: int) -> timedelta:
    """Half to all of 5 s doubled with each attempt, at most five minutes."""
    return timedelta(seconds=min(300, 5 * 2 ** (attempt - 1)) * random.uniform(0.5, 1))
