"""What a store's answers are counted as, and that they are passed on."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agent.errors import StoreUnavailable
from agent.job import Lease
from agent.store import AgentCard, JobStore, Renewal
from agent.telemetry import Telemetry
from tests.agent.memory_store import MemoryQueue, MemoryStore
from tests.agent.store_bench import ERROR, IMAGE_ROWS, RESULT, claim
from tests.agent.telemetry.scrape import scrape


class Recorder:
    """A store that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, call: str) -> Callable[..., str]:
        def answer(*given: Any, **named: Any) -> str:
            self.asked.append((call, *given, *named.values()))
            return f"answer to {call}"

        return answer


class Patchy(MemoryStore):
    """One that cannot always be reached."""

    is_there = True

    def claim(self, request_id: uuid.UUID) -> Lease | None:
        self._reach()
        return super().claim(request_id)

    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        self._reach()
        return super().renew(lease, progress)

    def _reach(self) -> None:
        if not self.is_there:
            raise StoreUnavailable


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def bare(queue: MemoryQueue, card: AgentCard) -> Patchy:
    store = Patchy(queue, card)
    store.register()
    return store


@pytest.fixture
def store(bare: Patchy, telemetry: Telemetry) -> JobStore:
    return telemetry.store(bare, "cpu")


def test_all_that_is_asked_is_passed_on_and_so_is_the_answer(telemetry: Telemetry, lease: Lease) -> None:
    bare: Any = Recorder()
    store, request_id = telemetry.store(bare, "cpu"), uuid.uuid4()
    store.register("stopped", "It is old.")
    answers: list[Any] = [
        store.claim(request_id),
        store.renew(lease, {"phase": "load"}),
        store.complete(lease, RESULT, IMAGE_ROWS),
        store.fail(lease, ERROR, transient=True),
        store.release(lease),
    ]
    assert bare.asked == [
        ("register", "stopped", "It is old."),
        ("claim", request_id),
        ("renew", lease, {"phase": "load"}),
        ("complete", lease, RESULT, IMAGE_ROWS),
        ("fail", lease, ERROR, True),
        ("release", lease),
    ]
    assert answers == [f"answer to {call}" for call, *_ in bare.asked[1:]]


def counts(telemetry: Telemetry, metric: str) -> dict[str, float]:
    """By the values of the other labels."""
    start = f"arena_{metric}_total{{"
    return {
        key.removeprefix(start).replace('device="cpu"', "").replace(",", " ").strip(" }"): value
        for key, value in scrape(telemetry.port).items()
        if key.startswith(start) and value
    }


def test_claims_are_counted_by_answer(telemetry: Telemetry, store: JobStore, bare: Patchy, queue: MemoryQueue) -> None:
    queue.insert()
    claim(store)
    assert store.claim(uuid.uuid4()) is None
    bare.is_there = False
    with pytest.raises(StoreUnavailable):
        store.claim(uuid.uuid4())
    assert counts(telemetry, "claims") == {'answer="job"': 1, 'answer="nothing"': 1, 'answer="error"': 1}
    assert scrape(telemetry.port)['arena_claim_seconds_count{device="cpu"}'] == 3


def test_renewals_are_counted_by_answer(
    telemetry: Telemetry, store: JobStore, bare: Patchy, queue: MemoryQueue
) -> None:
    job = queue.insert()
    lease = claim(store)
    store.renew(lease, None)
    bare.is_there = False
    with pytest.raises(StoreUnavailable):
        store.renew(lease, None)
    bare.is_there = True
    queue.cancel(job)
    assert store.renew(lease, None) == "cancelled"
    assert counts(telemetry, "lease_renewals") == {'answer="renewed"': 1, 'answer="error"': 1, 'answer="cancelled"': 1}


def test_writes_are_counted_by_call_and_answer(telemetry: Telemetry, store: JobStore, queue: MemoryQueue) -> None:
    for _ in range(3):
        queue.insert()
    first, second, third = (claim(store) for _ in range(3))
    store.complete(first, RESULT, IMAGE_ROWS)
    store.fail(second, ERROR, transient=False)
    store.release(third)
    store.release(first)
    assert counts(telemetry, "writes") == {
        'answer="completed" call="complete"': 1,
        'answer="failed" call="fail"': 1,
        'answer="released" call="release"': 1,
        'answer="lost" call="release"': 1,
    }
