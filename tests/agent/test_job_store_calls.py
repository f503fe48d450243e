"""What every JobStore promises, over each of them: what a call does with its lease, and without it."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.errors import RequestRefused
from agent.job import Lease
from agent.store import JobStore
from tests.agent.store_bench import (
    ANSWERS,
    CALLS,
    ENDS,
    ERROR,
    IDS,
    IMAGE_ROWS,
    LEASE_SECONDS,
    LIMIT_SECONDS,
    MISTAKEN,
    RESULT,
    Bench,
    claim,
)


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
    lease = bench.claimed(store)
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
