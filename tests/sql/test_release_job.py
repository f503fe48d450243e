from tests.sql.database import Database


def test_a_released_job_waits_again_and_has_spent_no_attempt(database: Database) -> None:
    held = database.held_job()
    assert held.release() == "released"
    job = database.job(held.job_id)
    assert (job["status"], job["attempt"], job["progress"], job["error"]) == ("pending", 0, None, None)
    assert [a["outcome"] for a in database.attempts(held.job_id)] == ["released"]
    assert database.row("select status, job_id from public.agents") == {"status": "idle", "job_id": None}
    assert database.claimed()["attempt"] == 1, "at once"


def test_a_released_job_keeps_its_turn(database: Database) -> None:
    held = database.held_job()
    database.insert_job()
    assert held.release() == "released"
    assert database.claimed()["job_id"] == held.job_id


def test_releasing_again_answers_the_same_and_leaves_the_next_claim_alone(database: Database) -> None:
    held = database.held_job()
    held.release()
    database.claimed()
    assert held.release() == "released"
    assert database.job(held.job_id)["status"] == "running"


def test_a_job_with_one_attempt_can_be_released_for_ever(database: Database) -> None:
    held = database.held_job(max_attempts=1)
    for _ in range(3):
        assert held.release() == "released"
        held.token = database.claimed(held.agent_id)["lease_token"]


def test_a_cancelled_job_stays_cancelled(database: Database) -> None:
    held = database.held_job()
    database.answer("cancel_job", role="service_role", p_job_id=held.job_id)
    assert held.release() == "cancelled"
    assert database.job(held.job_id)["status"] == "cancelled"
