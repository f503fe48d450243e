"""What people do to their jobs."""

from uuid import UUID, uuid4

import pytest

from tests.sql.database import Database


def cancel(database: Database, job_id: UUID, role: str = "service_role", user: UUID | None = None) -> str:
    return database.answer("cancel_job", role, user, p_job_id=job_id)


def retry(database: Database, job_id: UUID, role: str = "service_role", user: UUID | None = None) -> str:
    return database.answer("retry_job", role, user, p_job_id=job_id)


def test_a_pending_job_is_cancelled_at_once_and_never_claimed(database: Database) -> None:
    job_id = database.insert_job()
    assert cancel(database, job_id) == "cancelled"
    assert database.job(job_id)["finished_at"] is not None
    assert database.claim(database.register()) is None


def test_a_running_job_is_cancelled_at_once_and_its_lease_is_gone(database: Database) -> None:
    held = database.held_job()
    assert cancel(database, held.job_id) == "cancelled"
    assert database.job(held.job_id)["status"] == "cancelled"
    assert database.rows("select * from public.job_leases") == []
    assert [a["outcome"] for a in database.attempts(held.job_id)] == ["cancelled"]
    assert held.renew(p_progress={"phase": "late"}) == "cancelled"


def test_cancelling_twice_is_cancelling_once(database: Database) -> None:
    job_id = database.insert_job()
    assert cancel(database, job_id) == "cancelled"
    before = database.job(job_id)
    assert cancel(database, job_id) == "cancelled"
    assert database.job(job_id) == before


@pytest.mark.parametrize(("end", "word"), [("complete", "succeeded"), ("fail", "failed")])
def test_a_finished_job_cannot_be_cancelled(database: Database, end: str, word: str) -> None:
    held = database.held_job()
    getattr(held, end)()
    with database.refused() as refusal:
        cancel(database, held.job_id)
    assert (refusal.sqlstate, refusal.message) == ("PT409", f"The job has already {word}.")
    assert refusal.hint


def test_a_failed_job_gets_all_its_attempts_again(database: Database) -> None:
    held = database.held_job(max_attempts=1)
    held.fail()
    assert retry(database, held.job_id) == "pending"
    job = database.job(held.job_id)
    assert (job["status"], job["attempt"], job["error"], job["finished_at"]) == ("pending", 0, None, None)
    assert database.claimed()["attempt"] == 1
    assert [a["outcome"] for a in database.attempts(held.job_id)] == ["failed", None], "the history stays"


def test_retrying_twice_is_retrying_once(database: Database) -> None:
    held = database.held_job()
    held.fail()
    assert retry(database, held.job_id) == "pending"
    assert retry(database, held.job_id) == "pending"
    database.claimed()
    assert retry(database, held.job_id) == "running"


def test_what_did_not_fail_cannot_be_retried(database: Database) -> None:
    held = database.held_job()
    held.complete()
    cancelled = database.insert_job()
    cancel(database, cancelled)
    for job_id, message in ((held.job_id, "The job has succeeded."), (cancelled, "The job has been cancelled.")):
        with database.refused() as refusal:
            retry(database, job_id)
        assert (refusal.sqlstate, refusal.message) == ("PT409", message)


@pytest.mark.parametrize("function", ["cancel_job", "retry_job"])
def test_only_the_owner_or_the_service_may(database: Database, function: str) -> None:
    ann = uuid4()
    held = database.held_job(role="authenticated", user=ann)
    if function == "retry_job":
        held.fail()
    for role, user in (("authenticated", uuid4()), ("authenticated", None), ("anon", None)):
        with database.refused() as refusal:
            database.answer(function, role, user, p_job_id=held.job_id)
        assert refusal.sqlstate == "PT404"
        assert refusal.hint
    with database.acting_as("service_role"):
        assert database.connection.execute(
            f"select public.{function}(%s) as word".encode(), [held.job_id]
        ).fetchone() in ({"word": "cancelled"}, {"word": "pending"})
    assert database.job(held.job_id)["status"] in ("cancelled", "pending")


@pytest.mark.parametrize("user", [None, uuid4()])
def test_no_visitor_ends_what_belongs_to_nobody(database: Database, user: UUID | None) -> None:
    job_id = database.insert_job("anon")
    with database.refused() as refusal:
        cancel(database, job_id, "authenticated" if user else "anon", user)
    assert refusal.sqlstate == "PT404"
    assert "only the secret key manages it" in refusal.hint
    assert cancel(database, job_id) == "cancelled"


def test_the_owner_may(database: Database) -> None:
    ann = uuid4()
    assert cancel(database, database.insert_job("authenticated", ann), "authenticated", ann) == "cancelled"


def test_an_administrator_may(database: Database) -> None:
    job_id = database.insert_job("authenticated", uuid4())
    assert database.value("select public.cancel_job(%s)", job_id) == "cancelled"


def test_a_job_that_is_not_there_is_said_to_be_missing(database: Database) -> None:
    with database.refused() as refusal:
        cancel(database, uuid4(), "service_role")
    assert refusal.sqlstate == "PT404"
