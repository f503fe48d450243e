"""What every JobStore promises, over each of them: who may claim what, and when it comes back.

With test_job_store_calls.py the contract of agent/store.py.
"""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from agent.errors import RequestRefused
from tests.agent.queue_state import YOLOS
from tests.agent.store_bench import (
    ENDS,
    ERROR,
    IMAGE_ROWS,
    LAPSE,
    LEASE_SECONDS,
    RESULT,
    Bench,
    cancelled,
    claim,
    ended,
    run_out,
    taken_back_at_the_last_attempt,
)

# register


def test_an_agent_says_who_it_is_and_when_it_stops(bench: Bench) -> None:
    card, store = bench.stranger("Trained_yolov5", "detectron2")
    store.register()
    agent = bench.queue.state().agents[card.id]
    assert (agent.models, agent.status, agent.job_id) == (("Trained_yolov5", "detectron2"), "idle", None)
    store.register("stopped")
    assert bench.queue.state().agents[card.id].status == "stopped"


def test_an_agent_says_what_keeps_it_from_work_and_then_offers_no_model(bench: Bench) -> None:
    card, store = bench.stranger()
    store.register(problem="This machine has no GPU.")
    agent = bench.queue.state().agents[card.id]
    assert (agent.models, agent.status, agent.problem) == ((), "idle", "This machine has no GPU.")
    store.register()
    agent = bench.queue.state().agents[card.id]
    assert (agent.models, agent.problem) == (YOLOS, None)


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
