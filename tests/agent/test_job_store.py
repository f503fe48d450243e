"""What every JobStore promises: the contract of agent/store.py, over each of them."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import psycopg
import pytest

from agent.errors import RequestRefused
from agent.job import Lease
from agent.store import AgentCard, JobStore
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.memory_store import MemoryQueue, MemoryStore
from tests.agent.queue_state import YOLOS, Attempt, Job, QueueState
from tests.agent.sql_queue import SqlQueue

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
        self.queue, self._store_of = queue, store_of

    def stranger(self, *models: str) -> tuple[AgentCard, JobStore]:
        """An agent that has not registered."""
        card = AgentCard(uuid.uuid4(), "test", "0", hardware={"cpu": "any"}, models=models or YOLOS)
        return card, self._store_of(card)

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


@pytest.fixture(params=["memory", "supabase"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """An empty queue."""
    with ExitStack() as stack:
        make = {"memory": in_memory, "supabase": in_supabase}[request.param]
        yield make(request, stack)


def in_memory(request: pytest.FixtureRequest, stack: ExitStack) -> Bench:
    queue = MemoryQueue()
    length = {"lease_seconds": LEASE_SECONDS, "time_limit_seconds": LIMIT_SECONDS}
    return Bench(queue, lambda card: MemoryStore(queue, card, **length))


def in_supabase(request: pytest.FixtureRequest, stack: ExitStack) -> Bench:
    request.getfixturevalue("queue")  # empties it
    local: LocalStack = request.getfixturevalue("stack")
    make_settings: MakeSettings = request.getfixturevalue("stack_settings")
    settings = make_settings(ARENA_LEASE_SECONDS=LEASE_SECONDS, ARENA_TIME_LIMIT_SECONDS=LIMIT_SECONDS)
    connection = stack.enter_context(psycopg.connect(local.database_url, autocommit=True))
    return Bench(SqlQueue(connection), lambda card: stack.enter_context(closing(SupabaseStore(settings, card))))


def claim(store: JobStore) -> Lease:
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    return lease


# register


def test_an_agent_says_who_it_is_and_when_it_stops(bench: Bench) -> None:
    card, store = bench.stranger("Trained_yolov5", "detectron2")
    store.register()
    agent = bench.queue.state().agents[card.id]
    assert (agent.models, agent.status, agent.job_id) == (("Trained_yolov5", "detectron2"), "idle", None)
    store.register("stopped")
    assert bench.queue.state().agents[card.id].status == "stopped"


def test_registering_again_is_no_second_agent(bench: Bench) -> None:
    _, store = bench.stranger()
    store.register()
    before = bench.queue.state()
    store.register()
    assert bench.queue.state() == before


def test_an_agent_that_is_not_registered_is_told_so(bench: Bench) -> None:
    bench.queue.insert()
    _, store = bench.stranger()
    with pytest.raises(RequestRefused, match="is not registered"):
        store.claim(uuid.uuid4())


def test_an_agent_is_seen_at_work_from_the_claim_to_the_end(bench: Bench) -> None:
    card, store = bench.stranger()
    store.register()
    for end in ENDS.values():
        lease = bench.claimed(store)
        agent = bench.queue.state().agents[card.id]
        assert (agent.status, agent.job_id) == ("working", lease.job_id)
        end(store, lease)
        agent = bench.queue.state().agents[card.id]
        assert (agent.status, agent.job_id) == ("idle", None)


# claim


def test_an_empty_queue_has_no_claim(bench: Bench) -> None:
    assert bench.agent().claim(uuid.uuid4()) is None


def test_a_claim_holds_all_of_the_job(bench: Bench) -> None:
    images = [{"image_path": "https://h/1.jpg", "car_count": 2}]
    due = bench.queue.now() - timedelta(seconds=5)
    lease = bench.claimed(images=images, options={"seed": 7}, max_attempts=5, run_at=due)
    assert (lease.attempt, lease.max_attempts, lease.options) == (1, 5, {"seed": 7})
    assert (lease.model_a, lease.model_b) == YOLOS
    assert [(image.image_path, image.car_count) for image in lease.job_images()] == [("https://h/1.jpg", 2)]
    assert 0 < lease.seconds <= LEASE_SECONDS
    assert lease.waited_ms >= 0


def test_a_claim_makes_the_job_run_and_opens_an_attempt(bench: Bench) -> None:
    lease = bench.claimed()
    job = bench.job(lease)
    assert (job.status, job.attempt, job.progress) == ("running", 1, {"phase": "claimed"})
    (attempt,) = bench.attempts(lease)
    assert (attempt.token, attempt.number, attempt.outcome) == (lease.token, 1, None)
    assert attempt.expires_at is not None


def test_a_job_is_claimed_once(bench: Bench) -> None:
    store = bench.agent()
    bench.claimed(store)
    assert store.claim(uuid.uuid4()) is None
    assert bench.agent().claim(uuid.uuid4()) is None


def test_the_same_request_is_the_same_claim(bench: Bench) -> None:
    store, request = bench.agent(), uuid.uuid4()
    bench.queue.insert()
    bench.queue.insert()
    first, again, other = store.claim(request), store.claim(request), claim(store)
    assert first is not None
    assert again is not None
    assert (again.job_id, again.token, again.attempt) == (first.job_id, first.token, 1)
    assert other.job_id != first.job_id
    assert len(bench.attempts(first)) == 1


def test_the_same_request_lengthens_the_lease(bench: Bench) -> None:
    store, request = bench.agent(), uuid.uuid4()
    bench.queue.insert()
    first = store.claim(request)
    bench.queue.advance(LEASE_SECONDS / 2)
    again = store.claim(request)
    assert first is not None
    assert again is not None
    assert again.seconds > LEASE_SECONDS / 2
    bench.queue.advance(LEASE_SECONDS * 3 / 4)
    assert store.renew(first, None) == "renewed"


def test_the_same_request_of_another_agent_is_another_claim(bench: Bench) -> None:
    request = uuid.uuid4()
    jobs = {bench.queue.insert(), bench.queue.insert()}
    leases = [bench.agent().claim(request) for _ in range(2)]
    assert {lease.job_id for lease in leases if lease} == jobs


@pytest.mark.parametrize("models", [("Trained_yolov5",), ("Trained_yolov8", "detectron2"), ("detectron2",)])
def test_an_agent_leaves_a_job_alone_unless_it_can_run_both_models(bench: Bench, models: tuple[str, ...]) -> None:
    job_id = bench.queue.insert()
    assert bench.agent(*models).claim(uuid.uuid4()) is None
    assert claim(bench.agent("detectron2", *YOLOS)).job_id == job_id


def test_a_job_that_the_agent_cannot_run_does_not_block_those_behind_it(bench: Bench) -> None:
    bench.queue.insert(models=("detectron2", "detectron2"), priority=9)
    itself = bench.queue.insert(models=("Trained_yolov5", "Trained_yolov5"))
    assert claim(bench.agent("Trained_yolov5")).job_id == itself


def test_priority_goes_first_then_the_longest_due_then_the_id(bench: Bench) -> None:
    def due(seconds_ago: float, **columns: Any) -> uuid.UUID:
        return bench.queue.insert(run_at=now - timedelta(seconds=seconds_ago), **columns)

    now = bench.queue.now()
    late, early, urgent, least = due(10), due(20), due(5, priority=1), due(99, priority=-1)
    twins = sorted(uuid.uuid4() for _ in range(3))
    for twin in reversed(twins):
        due(15, id=twin)
    store = bench.agent()
    assert [claim(store).job_id for _ in range(7)] == [urgent, early, *twins, late, least]


def test_a_job_is_not_claimed_before_its_time(bench: Bench) -> None:
    store = bench.agent()
    job_id = bench.queue.insert(run_at=bench.queue.now() + timedelta(hours=1))
    assert store.claim(uuid.uuid4()) is None
    bench.queue.advance(3601)
    assert claim(store).job_id == job_id


# Every call that carries a token, in every case in which its lease can be.

ENDS: dict[str, Callable[[JobStore, Lease], str]] = {
    "complete": lambda store, lease: store.complete(lease, RESULT, IMAGE_ROWS),
    "fail": lambda store, lease: store.fail(lease, ERROR, transient=False),
    "fail for now": lambda store, lease: store.fail(lease, ERROR, transient=True),
    "release": lambda store, lease: store.release(lease),
}
CALLS = {"renew": lambda store, lease: store.renew(lease, {"phase": "late"})} | ENDS


def held(bench: Bench, store: JobStore) -> Lease:
    return bench.claimed(store)


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


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("situation", "answers"), ANSWERS, ids=IDS)
def test_without_the_lease_a_call_changes_nothing_and_says_why(
    bench: Bench, situation: Callable[[Bench, JobStore], Lease], answers: dict[str, str], call: str
) -> None:
    store = bench.agent()
    lease = situation(bench, store)
    before = bench.queue.state()
    assert CALLS[call](store, lease) == answers[call]
    after = bench.queue.state()
    noted = {a.token for a in after.attempts.values() if a.refused}
    too_late = call in ENDS and answers[call] in ("lost", "cancelled") and situation not in MISTAKEN
    assert noted == ({lease.token} if too_late else set()), "a late end is kept in the history"
    for attempt in after.attempts.values():
        attempt.refused = False
    assert after == before


@pytest.mark.parametrize(
    ("call", "answer", "status", "outcome"),
    [
        ("renew", "renewed", "running", None),
        ("complete", "completed", "succeeded", "succeeded"),
        ("fail", "failed", "failed", "failed"),
        ("fail for now", "retrying", "pending", "retrying"),
        ("release", "released", "pending", "released"),
    ],
)
def test_with_the_lease_a_call_does_what_it_says(
    bench: Bench, call: str, answer: str, status: str, outcome: str | None
) -> None:
    store = bench.agent()
    lease = held(bench, store)
    assert CALLS[call](store, lease) == answer
    assert bench.job(lease).status == status
    (attempt,) = bench.attempts(lease)
    assert (attempt.outcome, attempt.expires_at is None) == (outcome, outcome is not None)


@pytest.mark.parametrize(("situation", "answers"), ANSWERS[: -len(MISTAKEN)], ids=IDS[: -len(MISTAKEN)])
def test_the_request_of_a_claim_that_has_ended_gives_nothing(
    bench: Bench, situation: Callable[[Bench, JobStore], Lease], answers: dict[str, str]
) -> None:
    store = bench.agent()
    lease = situation(bench, store)
    request = bench.queue.state().attempts[lease.token].request_id
    bench.queue.insert()
    before = bench.queue.state()
    assert store.claim(request) is None
    after = bench.queue.state()
    assert (after.jobs, after.attempts) == (before.jobs, before.attempts)


# renew


def test_a_renewed_lease_lasts_its_length_from_then(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    for _ in range(2):
        bench.queue.advance(LEASE_SECONDS * 3 / 4)
        assert store.renew(lease, None) == "renewed"
    assert bench.agent().claim(uuid.uuid4()) is None


def test_renewing_publishes_progress_and_keeps_it(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    assert store.renew(lease, {"phase": "load"}) == "renewed"
    assert store.renew(lease, None) == "renewed"
    assert bench.job(lease).progress == {"phase": "load"}


def test_no_renewal_goes_past_the_time_limit(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    for _ in range(3):
        bench.queue.advance(LEASE_SECONDS * 3 / 4)
        assert store.renew(lease, None) == "renewed"
    bench.queue.advance(LIMIT_SECONDS - 3 * LEASE_SECONDS * 3 / 4 + 1)
    assert store.renew(lease, None) == "lost"
    other = claim(bench.agent())
    assert (other.job_id, other.attempt) == (lease.job_id, 2)
    assert [(a.outcome, a.error and a.error["code"]) for a in bench.attempts(lease)] == [
        ("expired", "time_limit"),
        (None, None),
    ]


# complete


def test_completing_writes_everything_once(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    assert store.complete(lease, RESULT, IMAGE_ROWS) == "completed"
    assert store.complete(lease, {**RESULT, "winner": "tie"}, []) == "completed"
    state = bench.queue.state()
    (result,) = state.results.values()
    assert {key: result[key] for key in RESULT} == RESULT
    assert [(row["side"], row["predicted_count"]) for row in state.images[lease.job_id]] == [("a", 2), ("b", 2)]
    assert (state.jobs[lease.job_id].status, state.jobs[lease.job_id].error) == ("succeeded", None)


def test_a_job_that_succeeded_after_all_has_no_error(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    store.fail(lease, ERROR, transient=True)
    bench.queue.advance(5)
    assert store.complete(claim(store), RESULT, IMAGE_ROWS) == "completed"
    assert (bench.job(lease).status, bench.job(lease).attempt, bench.job(lease).error) == ("succeeded", 2, None)


def test_a_result_that_is_refused_leaves_the_lease_and_writes_nothing(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    before = bench.queue.state()
    with pytest.raises(RequestRefused, match="did not take part"):
        store.complete(lease, {**RESULT, "winner": "detectron2"}, IMAGE_ROWS)
    assert bench.queue.state() == before
    assert store.complete(lease, RESULT, IMAGE_ROWS) == "completed"


# fail


def test_a_transient_failure_is_tried_again_after_its_backoff(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    assert store.fail(lease, ERROR, transient=True) == "retrying"
    job = bench.job(lease)
    assert (job.status, job.attempt, job.error, job.progress) == ("pending", 1, ERROR, None)
    bench.queue.advance(5)
    assert claim(store).attempt == 2


@pytest.mark.parametrize(("attempt", "most"), [(1, 5), (2, 10), (4, 40), (7, 300), (9, 300)])
def test_the_backoff_doubles_up_to_five_minutes_and_is_spread(bench: Bench, attempt: int, most: float) -> None:
    store = bench.agent()
    bench.queue.insert(max_attempts=10)
    for _ in range(attempt - 1):
        store.fail(claim(store), ERROR, transient=True)
        bench.queue.advance(300)
    lease = claim(store)
    earliest = bench.queue.now() + timedelta(seconds=most / 2)
    assert store.fail(lease, ERROR, transient=True) == "retrying"
    assert earliest <= bench.job(lease).run_at <= bench.queue.now() + timedelta(seconds=most)


def test_a_lasting_failure_ends_the_job(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    assert store.fail(lease, ERROR, transient=False) == "failed"
    assert (bench.job(lease).status, bench.job(lease).error) == ("failed", ERROR)


def test_a_transient_failure_of_the_last_attempt_ends_the_job_and_every_error_is_kept(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store, max_attempts=2)
    assert store.fail(lease, ERROR, transient=True) == "retrying"
    bench.queue.advance(5)
    assert store.fail(claim(store), {"code": "oom", "message": "No memory."}, transient=True) == "failed"
    job = bench.job(lease)
    assert (job.status, job.attempt, job.error) == ("failed", 2, {"code": "oom", "message": "No memory."})
    kept = [(a.number, a.outcome, a.error and a.error["code"]) for a in bench.attempts(lease)]
    assert kept == [(1, "retrying", "host_died"), (2, "failed", "oom")]


def test_an_error_without_a_message_is_refused_and_the_lease_stays(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    with pytest.raises(RequestRefused, match="has no message"):
        store.fail(lease, {"code": "x"}, transient=False)
    assert store.renew(lease, None) == "renewed"


# release


def test_a_released_job_is_claimed_at_once_and_no_attempt_is_spent(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store, max_attempts=1)
    assert store.release(lease) == "released"
    assert (bench.job(lease).status, bench.job(lease).attempt) == ("pending", 0)
    assert claim(bench.agent()).attempt == 1


def test_releasing_keeps_the_error_of_the_attempt_before(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store)
    store.fail(lease, ERROR, transient=True)
    bench.queue.advance(5)
    store.release(claim(store))
    assert (bench.job(lease).attempt, bench.job(lease).error) == (1, ERROR)


# expired leases


def test_an_expired_lease_is_taken_back_inside_the_claim_and_costs_an_attempt(bench: Bench) -> None:
    lease = run_out(bench, bench.agent())
    assert bench.job(lease).status == "running", "nobody but a claim takes it back"
    other = claim(bench.agent())
    assert (other.job_id, other.attempt) == (lease.job_id, 2)
    assert other.token != lease.token
    job = bench.job(lease)
    assert job.error is not None
    assert (job.status, job.error["code"]) == ("running", "lease_expired")
    assert [a.outcome for a in bench.attempts(lease)] == ["expired", None]


def test_a_lease_that_expires_on_the_last_attempt_fails_the_job_with_the_reason(bench: Bench) -> None:
    lease = taken_back_at_the_last_attempt(bench, bench.agent())
    job = bench.job(lease)
    assert job.error is not None
    assert (job.status, job.attempt, job.error["code"]) == ("failed", 1, "lease_expired")


def test_every_expired_lease_is_taken_back_by_one_claim(bench: Bench) -> None:
    store = bench.agent()
    leases = [bench.claimed(store) for _ in range(3)]
    bench.queue.advance(LAPSE)
    assert bench.agent("detectron2").claim(uuid.uuid4()) is None
    assert {bench.job(lease).status for lease in leases} == {"pending"}


def test_a_job_that_was_taken_back_keeps_its_turn(bench: Bench) -> None:
    lease = bench.claimed()
    bench.queue.insert()
    bench.queue.advance(LAPSE)
    assert claim(bench.agent()).job_id == lease.job_id


def test_a_repeated_request_takes_nothing_back(bench: Bench) -> None:
    lease = run_out(bench, bench.agent())
    store, request = bench.agent(), uuid.uuid4()
    assert store.claim(request) is not None
    bench.queue.advance(LAPSE)
    assert store.claim(request) is None
    assert bench.job(lease).status == "running"


# What people do.


def test_a_pending_job_is_cancelled_at_once_and_never_claimed(bench: Bench) -> None:
    job_id = bench.queue.insert()
    assert bench.queue.cancel(job_id) == "cancelled"
    assert bench.queue.cancel(job_id) == "cancelled"
    assert bench.job(job_id).status == "cancelled"
    assert bench.agent().claim(uuid.uuid4()) is None


def test_the_agent_of_a_cancelled_job_learns_of_it_at_its_renewal(bench: Bench) -> None:
    store = bench.agent()
    lease = cancelled(bench, store)
    assert store.renew(lease, {"phase": "measure"}) == "cancelled"
    assert bench.job(lease).progress == {"phase": "claimed"}
    assert bench.queue.state().results == {}


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_a_finished_job_cannot_be_cancelled(bench: Bench, end: str) -> None:
    lease = ended(end)(bench, bench.agent())
    with pytest.raises(RequestRefused, match="has already"):
        bench.queue.cancel(lease.job_id)


def test_a_failed_job_that_a_person_retries_has_all_its_attempts_again(bench: Bench) -> None:
    store = bench.agent()
    lease = bench.claimed(store, max_attempts=2)
    store.fail(lease, ERROR, transient=True)
    bench.queue.advance(5)
    store.fail(claim(store), ERROR, transient=True)
    assert bench.queue.retry(lease.job_id) == "pending"
    assert bench.queue.retry(lease.job_id) == "pending"
    job = bench.job(lease)
    assert (job.status, job.attempt, job.error) == ("pending", 0, None)
    again = claim(store)
    assert again.attempt == 1
    assert store.complete(again, RESULT, IMAGE_ROWS) == "completed"
    assert [a.outcome for a in bench.attempts(lease)] == ["retrying", "failed", "succeeded"]


def test_what_did_not_fail_cannot_be_retried(bench: Bench) -> None:
    store = bench.agent()
    for lease in (ended("complete")(bench, store), cancelled(bench, store)):
        with pytest.raises(RequestRefused):
            bench.queue.retry(lease.job_id)
