"""Asking for the next job over a line that loses replies."""

import time
from uuid import UUID

import pytest

from agent.claimer import Claimer
from agent.errors import StoreUnavailable
from agent.job import Lease
from agent.store import AgentCard
from tests.agent.memory_store import MemoryQueue, MemoryStore

LIMIT_SECONDS = 100.0


class Lossy(MemoryStore):
    """Loses the reply to a claim for as long as it is told to."""

    def __init__(self, queue: MemoryQueue, card: AgentCard) -> None:
        super().__init__(queue, card)
        self.losing = False
        self.asked: list[UUID] = []

    def claim(self, request_id: UUID) -> Lease | None:
        self.asked.append(request_id)
        lease = super().claim(request_id)
        if self.losing:
            raise StoreUnavailable
        return lease


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def store(queue: MemoryQueue, card: AgentCard) -> Lossy:
    store = Lossy(queue, card)
    store.register()
    return store


def statuses(queue: MemoryQueue) -> list[str]:
    return sorted(job.status for job in queue.state().jobs.values())


def lose(store: Lossy, claimer: Claimer) -> None:
    store.losing = True
    with pytest.raises(StoreUnavailable):
        claimer.claim()
    store.losing = False


def test_a_claim_whose_reply_was_lost_is_answered_again(queue: MemoryQueue, store: Lossy) -> None:
    job, _ = queue.insert(), queue.insert()
    claimer = Claimer(store, 60.0, LIMIT_SECONDS)
    lose(store, claimer)
    lease = claimer.claim()
    assert lease is not None
    assert (lease.job_id, lease.attempt) == (job, 1)
    assert statuses(queue) == ["pending", "running"]


def test_an_answered_claim_is_not_asked_again(queue: MemoryQueue, store: Lossy) -> None:
    jobs = {queue.insert(), queue.insert()}
    claimer = Claimer(store, 60.0, LIMIT_SECONDS)
    leases = [claimer.claim(), claimer.claim(), claimer.claim()]
    assert {lease.job_id for lease in leases if lease} == jobs
    assert len(set(store.asked)) == 3


def test_the_time_limit_counts_from_the_first_asking(queue: MemoryQueue, store: Lossy) -> None:
    queue.insert()
    claimer = Claimer(store, 60.0, LIMIT_SECONDS)
    before = time.monotonic()
    lose(store, claimer)
    between = time.monotonic()
    lease = claimer.claim()
    assert lease is not None
    assert before <= lease.deadline - LIMIT_SECONDS <= between <= lease.asked_at


def test_after_a_long_outage_it_asks_anew_and_has_all_of_its_time(
    queue: MemoryQueue, store: Lossy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time limit would be over before the work begins."""
    claimer = Claimer(store, 60.0, LIMIT_SECONDS)
    lose(store, claimer)
    queue.insert()
    queue.advance(3600.0)
    real = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: real() + 3600.0)
    lease = claimer.claim()
    assert lease is not None
    assert lease.deadline - time.monotonic() > LIMIT_SECONDS - 10
    assert store.asked[0] != store.asked[-1]
    assert statuses(queue) == ["running"]


def test_what_was_kept_alive_by_asking_again_is_not_left_to_its_lease(
    queue: MemoryQueue, store: Lossy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each repeated claim extends the lease, though its answer is lost as well."""
    first, second = queue.insert(), queue.insert()
    claimer = Claimer(store, 60.0, 3600.0)
    lose(store, claimer)
    queue.advance(55.0)
    lose(store, claimer)
    queue.advance(6.0)
    real = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: real() + 61.0)
    lease = claimer.claim()
    assert lease is not None
    jobs = queue.state().jobs
    assert (lease.job_id, jobs[first].status, jobs[second].status) == (first, "running", "pending")
    assert jobs[first].attempt == 1


def test_what_a_claim_took_unheard_is_given_back(queue: MemoryQueue, store: Lossy) -> None:
    job = queue.insert()
    claimer = Claimer(store, 60.0, LIMIT_SECONDS)
    lose(store, claimer)
    assert statuses(queue) == ["running"]
    claimer.give_back()
    assert statuses(queue) == ["pending"]
    assert queue.state().jobs[job].attempt == 0


def test_nothing_is_given_back_that_was_answered(queue: MemoryQueue, store: Lossy) -> None:
    claimer = Claimer(store, 60.0, LIMIT_SECONDS)
    claimer.claim()
    queue.insert()
    asked = len(store.asked)
    claimer.give_back()
    assert len(store.asked) == asked
    assert statuses(queue) == ["pending"]
