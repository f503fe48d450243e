"""Two calls on one job that really meet, in both orders. Each test stands for a failure that other queues have had."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import pytest

from tests.sql.database import Database, Held
from tests.sql.disorder import disorder
from tests.sql.meeting import all_at_once, begun_in_time, meet, more_connections, told
from tests.sql.waiting import wait_until_blocked

ENDS: dict[str, tuple[Callable[[Held], str], str, str]] = {
    # name: the call, its answer, what the job is then
    "complete": (Held.complete, "completed", "succeeded"),
    "fail": (Held.fail, "failed", "failed"),
    "fail_for_now": (lambda held: held.fail(transient=True), "retrying", "pending"),
    "release": (Held.release, "released", "pending"),
}
OUTCOMES = {"completed": "succeeded"}

each_end = pytest.mark.parametrize(("end", "answer", "status"), ENDS.values(), ids=ENDS)


@pytest.fixture
def db(own_database: Database) -> Iterator[Database]:
    """A database in which, after every test, the queue must make sense."""
    yield own_database
    assert disorder(own_database.connection) == []


@pytest.fixture
def other(db: Database) -> Iterator[Database]:
    """A second connection."""
    with more_connections(db, 1) as (other,):
        yield other


# The reaper (a claim that takes expired leases back) against whoever ends the attempt.


@each_end
def test_a_reaper_does_not_touch_what_an_agent_is_just_ending(
    db: Database, other: Database, end: Callable[[Held], str], answer: str, status: str
) -> None:
    """River #1302: a rescue that had looked too early wrote over a job that had completed."""
    held = db.held_job()
    reaper = other.register()
    with begun_in_time(held):
        assert end(held) == answer
        assert other.claim(reaper) is None, "and it does not wait either"
    assert db.job(held.job_id)["status"] == status
    assert db.outcomes(held.job_id) == [OUTCOMES.get(answer, answer)]
    assert db.attempts(held.job_id)[0]["refused_at"] is None


@each_end
def test_an_agent_cannot_end_what_a_reaper_is_just_taking_back(
    db: Database, other: Database, end: Callable[[Held], str], answer: str, status: str
) -> None:
    """Solid Queue #589 and #761: a job that was finished and failed too, and one that ran many times."""
    held = db.held_job()
    reaper = db.register()
    db.expire(held.job_id)
    claim, late = meet(db, lambda: db.claimed(reaper), other, lambda: end(held.on(other)))
    assert late == "lost"
    assert db.job(held.job_id)["status"] == "running"
    assert db.outcomes(held.job_id) == ["expired", None]
    assert db.attempts(held.job_id)[0]["refused_at"] is not None, "the history shows the late end"
    assert Held(db, reaper, held.job_id, claim["lease_token"]).complete() == "completed"


def test_a_job_failed_by_the_reaper_takes_no_result_any_more(db: Database, other: Database) -> None:
    """Solid Queue #589, on the last attempt: the reaper ends the job, not only the attempt."""
    held = db.held_job(max_attempts=1)
    db.expire(held.job_id)
    reaper = db.register()
    _, late = meet(db, lambda: db.claim(reaper), other, lambda: held.on(other).complete())
    assert late == "lost"
    assert db.job(held.job_id)["status"] == "failed"


# The reaper against a heartbeat.


def test_a_reaper_does_not_wait_for_a_heartbeat_nor_take_its_job(db: Database, other: Database) -> None:
    """pgqueuer #430: heartbeats that land just at the timeout."""
    held = db.held_job()
    reaper = other.register()
    with begun_in_time(held):
        assert held.renew(p_progress={"phase": "measure"}) == "renewed"
        assert other.claim(reaper) is None
    assert held.renew() == "renewed"
    assert db.job(held.job_id)["attempt"] == 1


def test_a_heartbeat_that_commits_after_the_reaper_has_looked_still_counts(db: Database, other: Database) -> None:
    """River #1302: the reaper must look again once it has the lock."""
    first, renewed = db.held_job(), db.held_job()
    reaper = other.register()
    db.expire(first.job_id)
    with more_connections(db, 1) as (observer,), ThreadPoolExecutor(1) as thread:
        # The reaper has seen both leases expired, and is held up at the first.
        with observer.connection.transaction():
            observer.rows("select from public.job_leases where job_id = %s for update", first.job_id)
            with begun_in_time(renewed):
                assert renewed.renew() == "renewed"
                claiming = thread.submit(other.claim, reaper)
                wait_until_blocked(observer, other)
        claim = claiming.result(timeout=30)
    assert claim is not None
    assert claim["job_id"] == first.job_id
    assert db.outcomes(renewed.job_id) == [None]
    assert renewed.renew() == "renewed"


def test_a_late_heartbeat_does_not_keep_a_zombies_lease_alive(db: Database, other: Database) -> None:
    """Altinn #18507 and aegra #547: a heartbeat without a token renews whoever's lease it finds."""
    zombie = db.held_job()
    reaper = db.register()
    db.expire(zombie.job_id)
    claim, late = meet(db, lambda: db.claimed(reaper), other, lambda: zombie.on(other).renew(p_progress={"at": "late"}))
    assert late == "lost"
    lease = db.row("select agent_id, lease_token, expires_at, renewed_at from public.job_leases")
    assert (lease["agent_id"], lease["lease_token"]) == (reaper, claim["lease_token"])
    assert zombie.renew(p_lease_seconds=3600) == "lost"
    assert db.row("select agent_id, lease_token, expires_at, renewed_at from public.job_leases") == lease
    assert db.job(zombie.job_id)["progress"] == {"phase": "claimed"}


# The reaper against people and against other reapers.


def test_a_reaper_does_not_revive_what_a_person_is_just_cancelling(db: Database, other: Database) -> None:
    """River #1302, with a cancellation in the completion's place."""
    held = db.held_job()
    db.expire(held.job_id)
    reaper = other.register()
    with db.connection.transaction():
        assert db.cancel(held.job_id) == "cancelled"
        assert other.claim(reaper) is None
    assert other.claim(reaper) is None
    assert db.outcomes(held.job_id) == ["cancelled"]


def test_a_cancellation_is_not_lost_to_a_reaper(db: Database, other: Database) -> None:
    """It waits, then ends the attempt that the reaper has just begun."""
    held = db.held_job()
    db.expire(held.job_id)
    reaper = db.register()
    claim, answer = meet(db, lambda: db.claimed(reaper), other, lambda: other.cancel(held.job_id))
    assert answer == "cancelled"
    assert db.outcomes(held.job_id) == ["expired", "cancelled"]
    assert Held(db, reaper, held.job_id, claim["lease_token"]).renew() == "cancelled"


def test_a_person_is_told_that_the_reaper_was_first_to_end_the_job(db: Database, other: Database) -> None:
    held = db.held_job(max_attempts=1)
    db.expire(held.job_id)
    reaper = db.register()
    _, answer = meet(db, lambda: db.claim(reaper), other, lambda: told(lambda: other.cancel(held.job_id)))
    assert answer == "PT409"
    assert db.job(held.job_id)["status"] == "failed"
    assert db.outcomes(held.job_id) == ["expired"]


def test_eight_reapers_at_once_spend_one_attempt(db: Database) -> None:
    """Solid Queue #761: one missed heartbeat, and a job that may run once ran eleven times."""
    held = db.held_job(max_attempts=10)
    with more_connections(db, 8) as agents:
        for attempt in range(2, 8):
            db.expire(held.job_id)
            claims = all_at_once([partial(agent.claim, agent.register()) for agent in agents])
            assert [claim["attempt"] for claim in claims if claim] == [attempt]


# Ending an attempt against cancelling its job.


@each_end
def test_a_person_is_told_who_was_first_when_an_agent_is_just_ending_the_job(
    db: Database, other: Database, end: Callable[[Held], str], answer: str, status: str
) -> None:
    """Exactly one wins. A job that will be tried again can still be cancelled."""
    held = db.held_job()
    first, second = meet(db, lambda: end(held), other, lambda: told(lambda: other.cancel(held.job_id)))
    assert first == answer
    assert second == ("cancelled" if status == "pending" else "PT409")
    assert db.job(held.job_id)["status"] == ("cancelled" if status == "pending" else status)
    assert db.outcomes(held.job_id) == [OUTCOMES.get(answer, answer)]


@each_end
def test_an_agent_is_told_of_a_cancellation_that_is_just_happening_and_writes_nothing(
    db: Database, other: Database, end: Callable[[Held], str], answer: str, status: str
) -> None:
    held = db.held_job()
    first, late = meet(db, lambda: db.cancel(held.job_id), other, lambda: end(held.on(other)))
    assert (first, late) == ("cancelled", "cancelled")
    job = db.job(held.job_id)
    assert (job["status"], job["error"]) == ("cancelled", None)
    assert db.outcomes(held.job_id) == ["cancelled"]
    assert db.attempts(held.job_id)[0]["refused_at"] is not None


def test_a_heartbeat_does_not_undo_a_cancellation(db: Database, other: Database) -> None:
    """In both orders."""
    held = db.held_job()
    first, second = meet(db, held.renew, other, lambda: other.cancel(held.job_id))
    assert (first, second) == ("renewed", "cancelled")
    assert held.renew() == "cancelled"

    held = db.held_job()
    cancelled, renewed = meet(db, lambda: db.cancel(held.job_id), other, lambda: held.on(other).renew())
    assert (cancelled, renewed) == ("cancelled", "cancelled")
    assert db.rows("select * from public.job_leases") == []


def test_a_job_that_is_just_being_cancelled_is_not_claimed(db: Database, other: Database) -> None:
    job_id = db.insert_job()
    agent_id = other.register()
    with db.connection.transaction():
        assert db.cancel(job_id) == "cancelled"
        assert other.claim(agent_id) is None
    assert other.claim(agent_id) is None
    assert db.attempts(job_id) == []


def test_a_cancellation_that_meets_the_claim_ends_the_attempt(db: Database, other: Database) -> None:
    job_id = db.insert_job()
    agent_id = db.register()
    claim, answer = meet(db, lambda: db.claimed(agent_id), other, lambda: other.cancel(job_id))
    assert answer == "cancelled"
    assert Held(db, agent_id, job_id, claim["lease_token"]).complete() == "cancelled"


# Claims against claims.


def test_one_job_is_never_given_to_two_of_eight_agents_that_ask_at_once(db: Database) -> None:
    with more_connections(db, 8) as agents:
        for _ in range(10):
            job_id = db.insert_job()
            claims = all_at_once([partial(agent.claim, agent.register()) for agent in agents])
            assert [claim["job_id"] for claim in claims if claim] == [job_id]


def test_eight_repeats_of_one_request_at_once_take_one_job(db: Database) -> None:
    for _ in range(8):
        db.insert_job()
    agent_id, request_id = db.register(), uuid4()
    with more_connections(db, 8) as connections:
        claims = all_at_once([partial(one.claimed, agent_id, request_id=request_id) for one in connections])
    assert len({claim["lease_token"] for claim in claims}) == 1
    assert db.value("select count(*) from public.jobs where status = 'running'") == 1


# A person's retry.


def test_two_retries_at_once_make_one_pending_job(db: Database, other: Database) -> None:
    held = db.held_job(max_attempts=1)
    held.fail()
    assert meet(db, lambda: db.retry(held.job_id), other, lambda: other.retry(held.job_id)) == ("pending", "pending")
    job = db.job(held.job_id)
    assert (job["status"], job["attempt"]) == ("pending", 0)
    assert db.claimed()["attempt"] == 1
    assert db.claim(db.register()) is None


def test_a_retry_that_meets_the_failure_waits_for_it(db: Database, other: Database) -> None:
    held = db.held_job(max_attempts=1)
    assert meet(db, held.fail, other, lambda: other.retry(held.job_id)) == ("failed", "pending")
    assert held.fail() == "failed", "the reply was lost, so it asks again"
    assert db.job(held.job_id)["status"] == "pending", "and does not fail the job a second time"


def test_a_repeated_failure_does_not_end_the_attempt_that_came_after_it(db: Database) -> None:
    """The reply to the first one was lost; ADR-013 of awa: an attempt's number is no token."""
    held = db.held_job(max_attempts=1)
    held.fail()
    db.retry(held.job_id)
    claim = db.claimed()
    assert claim["attempt"] == 1, "the same number again"
    assert held.fail() == "failed"
    assert held.complete() == "lost"
    assert db.outcomes(held.job_id) == ["failed", None]
    assert db.job(held.job_id)["status"] == "running"
