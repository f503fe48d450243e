"""Any JobStore over its queue, and every situation in which a lease can be."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from agent.job import Lease
from agent.store import AgentCard, JobStore
from tests.agent.queue_state import YOLOS, Attempt, Job, QueueState

LEASE_SECONDS = 60
LIMIT_SECONDS = 150
LAPSE = LEASE_SECONDS + 1.0

RESULT: dict[str, Any] = {
    "model_a_metrics": {"accuracy": 0.5},
    "model_b_metrics": {"accuracy": None},
    "winner": "Trained_yolov5",
    "verdict": {"sentence": "A is better."},
    "environment": {"seed": 1},
}
IMAGE_ROWS = [
    {"side": side, "image_index": 0, "predicted_count": 2, "latency_ms": 1.5, "detections": []} for side in "ab"
]
ERROR = {"code": "host_died", "message": "It died."}


class TheQueue(Protocol):
    """The queue behind the stores: what people do, what it remembers, and time."""

    def now(self) -> datetime: ...
    def advance(self, seconds: float) -> None: ...
    def insert(self, **columns: Any) -> uuid.UUID: ...
    def cancel(self, job_id: uuid.UUID) -> str: ...
    def retry(self, job_id: uuid.UUID) -> str: ...
    def state(self) -> QueueState: ...


class Bench:
    """A queue, and agents at it."""

    def __init__(self, queue: TheQueue, store_of: Callable[[AgentCard], JobStore]) -> None:
        self.queue, self.store_of = queue, store_of

    def stranger(self, *models: str) -> tuple[AgentCard, JobStore]:
        """An agent that has not registered."""
        card = AgentCard(uuid.uuid4(), "test", "0", hardware={"cpu": "any"}, models=models or YOLOS)
        return card, self.store_of(card)

    def agent(self, *models: str) -> JobStore:
        _, store = self.stranger(*models)
        store.register()
        return store

    def claimed(self, store: JobStore | None = None, **columns: Any) -> Lease:
        """A new job, in the hands of an agent."""
        self.queue.insert(**columns)
        return claim(store or self.agent())

    def job(self, job: Lease | uuid.UUID) -> Job:
        return self.queue.state().jobs[job.job_id if isinstance(job, Lease) else job]

    def attempts(self, lease: Lease) -> list[Attempt]:
        return [a for a in self.queue.state().attempts.values() if a.job_id == lease.job_id]


def claim(store: JobStore) -> Lease:
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    return lease


# Every call that carries a token, in every case in which its lease can be.

ENDS: dict[str, Callable[[JobStore, Lease], str]] = {
    "complete": lambda store, lease: store.complete(lease, RESULT, IMAGE_ROWS),
    "fail": lambda store, lease: store.fail(lease, ERROR, transient=False),
    "fail for now": lambda store, lease: store.fail(lease, ERROR, transient=True),
    "release": lambda store, lease: store.release(lease),
}
CALLS = {"renew": lambda store, lease: store.renew(lease, {"phase": "late"})} | ENDS


def ended(how: str) -> Callable[[Bench, JobStore], Lease]:
    def situation(bench: Bench, store: JobStore) -> Lease:
        lease = bench.claimed(store)
        ENDS[how](store, lease)
        return lease

    return situation


def cancelled(bench: Bench, store: JobStore) -> Lease:
    lease = bench.claimed(store)
    bench.queue.cancel(lease.job_id)
    return lease


def run_out(bench: Bench, store: JobStore, max_attempts: int = 3) -> Lease:
    lease = bench.claimed(store, max_attempts=max_attempts)
    bench.queue.advance(LAPSE)
    return lease


def taken_back(bench: Bench, store: JobStore) -> Lease:
    lease = run_out(bench, store)
    assert bench.agent("detectron2").claim(uuid.uuid4()) is None
    assert bench.job(lease).status == "pending"
    return lease


def taken_back_at_the_last_attempt(bench: Bench, store: JobStore) -> Lease:
    lease = run_out(bench, store, max_attempts=1)
    assert bench.agent().claim(uuid.uuid4()) is None
    assert bench.job(lease).status == "failed"
    return lease


def run_out_and_cancelled(bench: Bench, store: JobStore) -> Lease:
    lease = run_out(bench, store)
    bench.queue.cancel(lease.job_id)
    return lease


def claimed_by_another(bench: Bench, store: JobStore) -> Lease:
    lease = run_out(bench, store)
    assert claim(bench.agent()).job_id == lease.job_id
    return lease


def completed_by_another(bench: Bench, store: JobStore) -> Lease:
    lease, other = run_out(bench, store), bench.agent()
    assert other.complete(claim(other), RESULT, IMAGE_ROWS) == "completed"
    return lease


def released_and_claimed_again(bench: Bench, store: JobStore) -> Lease:
    lease = ended("release")(bench, store)
    other = claim(bench.agent())
    assert (other.job_id, other.attempt) == (lease.job_id, lease.attempt), "the attempt is no token"
    return lease


def retried_by_a_person_and_claimed_again(bench: Bench, store: JobStore) -> Lease:
    lease = ended("fail")(bench, store)
    assert bench.queue.retry(lease.job_id) == "pending"
    assert claim(bench.agent()).attempt == 1
    return lease


def with_another_token(bench: Bench, store: JobStore) -> Lease:
    return replace(bench.claimed(store), token=uuid.uuid4())


def with_the_token_of_another_job(bench: Bench, store: JobStore) -> Lease:
    return replace(bench.claimed(store), token=bench.claimed(store).token)


LOST = dict.fromkeys(CALLS, "lost")
ANSWERS: list[tuple[Callable[[Bench, JobStore], Lease], dict[str, str]]] = [
    (ended("complete"), LOST | {"complete": "completed"}),
    (ended("fail"), LOST | {"fail": "failed", "fail for now": "failed"}),
    (ended("fail for now"), LOST | {"fail": "retrying", "fail for now": "retrying"}),
    (ended("release"), LOST | {"release": "released"}),
    (cancelled, dict.fromkeys(CALLS, "cancelled")),
    (run_out_and_cancelled, dict.fromkeys(CALLS, "cancelled")),
    (run_out, LOST),
    (taken_back, LOST),
    (taken_back_at_the_last_attempt, LOST),
    (claimed_by_another, LOST),
    (completed_by_another, LOST),
    (released_and_claimed_again, LOST | {"release": "released"}),
    (retried_by_a_person_and_claimed_again, LOST | {"fail": "failed", "fail for now": "failed"}),
    (with_another_token, LOST),
    (with_the_token_of_another_job, LOST),
]
MISTAKEN = (with_another_token, with_the_token_of_another_job)
IDS = ["completed", "failed", "failed_for_now", "released", *(situation.__name__ for situation, _ in ANSWERS[4:])]
