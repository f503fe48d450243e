from typing import Any

import pytest

from tests.sql.database import Database

ERROR = {"code": "host_killed", "message": "The model's process was killed."}


def test_a_permanent_error_fails_the_job(database: Database) -> None:
    held = database.held_job()
    assert held.fail(ERROR) == "failed"
    job = database.job(held.job_id)
    assert (job["status"], job["error"], job["attempt"]) == ("failed", ERROR, 1)
    assert job["finished_at"] is not None
    (attempt,) = database.attempts(held.job_id)
    assert (attempt["outcome"], attempt["error"]) == ("failed", ERROR)
    assert database.rows("select * from public.job_leases") == []
    assert database.row("select status, job_id from public.agents") == {"status": "idle", "job_id": None}


def test_a_transient_error_is_retried_later(database: Database) -> None:
    held = database.held_job()
    assert held.fail(ERROR, transient=True) == "retrying"
    job = database.job(held.job_id)
    assert (job["status"], job["error"], job["attempt"]) == ("pending", ERROR, 1)
    assert (job["progress"], job["started_at"]) == (None, None)
    assert database.claim(held.agent_id) is None, "not before its time"
    database.rows("update public.jobs set run_at = clock_timestamp()")
    assert database.claimed(held.agent_id)["attempt"] == 2


def test_a_transient_error_on_the_last_attempt_fails_the_job(database: Database) -> None:
    held = database.held_job(max_attempts=1)
    assert held.fail(ERROR, transient=True) == "failed"
    assert database.job(held.job_id)["status"] == "failed"


@pytest.mark.parametrize("transient", [True, False])
def test_failing_again_answers_the_same_and_writes_nothing(database: Database, transient: bool) -> None:
    held = database.held_job()
    first = held.fail(ERROR, transient=transient)
    before = database.job(held.job_id), database.attempts(held.job_id)
    assert held.fail({"message": "Another."}, transient=not transient) == first
    assert (database.job(held.job_id), database.attempts(held.job_id)) == before


def test_every_attempts_error_is_kept(database: Database) -> None:
    held = database.held_job(max_attempts=2)
    held.fail({"message": "First."}, transient=True)
    database.rows("update public.jobs set run_at = clock_timestamp()")
    held.token = database.claimed(held.agent_id)["lease_token"]
    held.fail({"message": "Second."}, transient=True)
    assert [a["error"]["message"] for a in database.attempts(held.job_id)] == ["First.", "Second."]


@pytest.mark.parametrize(("attempt", "most"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (10, 300)])
def test_the_wait_doubles_up_to_five_minutes_and_is_spread(database: Database, attempt: int, most: int) -> None:
    waits = database.rows(
        "select extract(epoch from arena.backoff(%s))::float as s from generate_series(1, 200)", attempt
    )
    seconds = [row["s"] for row in waits]
    assert most / 2 <= min(seconds) < max(seconds) <= most
    assert len(set(seconds)) > 100


def test_a_cancelled_job_does_not_fail(database: Database) -> None:
    held = database.held_job()
    database.answer("cancel_job", role="service_role", p_job_id=held.job_id)
    assert held.fail(ERROR) == "cancelled"
    assert database.job(held.job_id)["status"] == "cancelled"


@pytest.mark.parametrize("error", [{"code": "x"}, {"message": 5}, [1]])
def test_an_error_without_a_message_is_refused(database: Database, error: Any) -> None:
    held = database.held_job()
    with database.refused() as refusal:
        held.fail(error)
    assert (refusal.sqlstate, refusal.detail) == ("22023", "field=p_error.message")
    assert held.renew() == "renewed"
