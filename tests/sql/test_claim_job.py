from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.database import IMAGES, Database, Names
from tests.sql.waiting import wait_until_blocked


def test_nothing_to_do_is_no_row(database: Database) -> None:
    assert database.claim(database.register()) is None


def test_asking_in_vain_is_a_heartbeat_and_no_news(database: Database) -> None:
    agent_id = database.register()
    before = database.row("select ctid, updated_at from public.agents")
    seen = database.value("select seen_at from public.agent_heartbeats")
    assert database.claim(agent_id) is None
    assert database.row("select ctid, updated_at from public.agents") == before
    assert database.value("select seen_at from public.agent_heartbeats") > seen


def test_an_agent_whose_job_was_cancelled_is_idle_once_it_asks_again(database: Database) -> None:
    held = database.held_job()
    database.answer("cancel_job", role="service_role", p_job_id=held.job_id)
    assert database.claim(held.agent_id) is None
    assert database.row("select status, job_id from public.agents") == {"status": "idle", "job_id": None}


def test_a_claim_gives_all_the_agent_needs(database: Database) -> None:
    job_id = database.insert_job(options={"seed": 7}, max_attempts=2)
    claim = database.claimed(p_lease_seconds=90)
    assert 80 < claim.pop("lease_seconds") <= 90
    assert 0 <= claim.pop("waited_ms") < 60_000
    assert isinstance(claim.pop("lease_token"), UUID)
    assert claim == {
        "job_id": job_id, "attempt": 1, "max_attempts": 2, "model_a": "Trained_yolov5", "model_b": "Trained_yolov8",
        "images": IMAGES, "options": {"seed": 7}, "created_at": database.job(job_id)["created_at"],
    }  # fmt: skip


def test_a_claimed_job_runs_and_its_agent_works(database: Database) -> None:
    held = database.held_job()
    job = database.job(held.job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("running", 1, {"phase": "claimed"})
    assert job["started_at"] is not None
    agent = database.row("select status, job_id from public.live_agents")
    assert agent == {"status": "working", "job_id": held.job_id}
    (attempt,) = database.attempts(held.job_id)
    assert (attempt["lease_token"], attempt["agent_id"], attempt["attempt"]) == (held.token, held.agent_id, 1)
    assert (attempt["ended_at"], attempt["outcome"]) == (None, None)


def test_a_job_is_claimed_once(database: Database) -> None:
    held = database.held_job()
    assert database.claim(held.agent_id) is None
    assert database.claim(database.register()) is None


def test_priority_goes_first_then_the_longest_due(database: Database) -> None:
    late = database.insert_job("service_role", run_at="2026-01-02")
    early = database.insert_job("service_role", run_at="2026-01-01")
    urgent = database.insert_job("service_role", run_at="2026-01-03", priority=1)
    least = database.insert_job("service_role", run_at="2025-01-01", priority=-1)
    agent_id = database.register()
    assert [database.claimed(agent_id)["job_id"] for _ in range(4)] == [urgent, early, late, least]


def test_jobs_inserted_together_keep_their_order(database: Database) -> None:
    inserted = database.rows(
        "insert into public.jobs (model_a, model_b, images)"
        " select 'Trained_yolov5', 'Trained_yolov8', %s from generate_series(1, 20) returning id", IMAGES, role="anon",
    )  # fmt: skip
    agent_id = database.register()
    assert [database.claimed(agent_id)["job_id"] for _ in inserted] == [row["id"] for row in inserted]


def test_a_job_is_not_claimed_before_its_time(database: Database) -> None:
    database.insert_job("service_role", run_at="2999-01-01")
    assert database.claim(database.register()) is None


@pytest.mark.parametrize(
    ("models", "claimed"),
    [
        (None, True),
        (["Trained_yolov5", "Trained_yolov8", "detectron2"], True),
        (["Trained_yolov5"], False),
        (["Trained_yolov8"], False),
        ([], False),
    ],
)
def test_both_models_must_be_ones_the_agent_can_run(
    database: Database, models: list[str] | None, claimed: bool
) -> None:
    database.insert_job()
    claim = database.claim(database.register(), p_models=models if models is None else Names(models))
    assert (claim is not None) == claimed


def test_the_same_request_gives_the_same_claim_and_a_longer_lease(database: Database) -> None:
    database.insert_job()
    database.insert_job()
    agent_id, request_id = database.register(), uuid4()
    first = database.claimed(agent_id, request_id=request_id, p_lease_seconds=10)
    again = database.claimed(agent_id, request_id=request_id, p_lease_seconds=60)
    assert again["lease_seconds"] > first["lease_seconds"]
    varying = ("lease_seconds",)
    assert {k: v for k, v in again.items() if k not in varying} == {k: v for k, v in first.items() if k not in varying}
    assert database.value("select count(*) from public.job_attempts") == 1
    assert database.value("select count(*) from public.jobs where status = 'pending'") == 1


def test_the_same_request_gives_nothing_once_its_claim_has_ended(database: Database) -> None:
    database.insert_job()
    database.insert_job()
    agent_id, request_id = database.register(), uuid4()
    claim = database.claimed(agent_id, request_id=request_id)
    assert database.answer("release_job", p_job_id=claim["job_id"], p_lease_token=claim["lease_token"]) == "released"
    assert database.claim(agent_id, request_id=request_id) is None


def test_the_same_request_of_another_agent_is_another_claim(database: Database) -> None:
    jobs = {database.insert_job(), database.insert_job()}
    request_id = uuid4()
    claims = [database.claimed(database.register(), request_id=request_id) for _ in range(2)]
    assert {claim["job_id"] for claim in claims} == jobs


def test_an_expired_lease_is_taken_over_and_the_late_result_is_refused(database: Database) -> None:
    zombie = database.held_job()
    database.expire(zombie.job_id)
    claim = database.claimed()
    assert (claim["job_id"], claim["attempt"]) == (zombie.job_id, 2)
    assert claim["lease_token"] != zombie.token

    assert zombie.renew() == "lost"
    assert zombie.complete() == "lost"
    assert zombie.fail() == "lost"
    assert zombie.release() == "lost"
    assert database.rows("select * from public.comparison_results") == []
    assert database.job(zombie.job_id)["status"] == "running"

    first, second = database.attempts(zombie.job_id)
    assert (first["outcome"], first["error"]["code"]) == ("expired", "lease_expired")
    assert first["refused_at"] is not None
    assert (second["outcome"], second["refused_at"]) == (None, None)


def test_a_job_taken_back_keeps_its_turn(database: Database) -> None:
    held = database.held_job()
    database.insert_job()
    database.expire(held.job_id)
    assert database.claimed()["job_id"] == held.job_id


def test_a_lease_that_expires_on_the_last_attempt_fails_the_job(database: Database) -> None:
    held = database.held_job(max_attempts=1)
    database.expire(held.job_id)
    assert database.claim(database.register()) is None
    job = database.job(held.job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "lease_expired")
    assert job["error"]["message"] == "Attempt 1 of 1 ended without a word: its agent stopped renewing the lease."
    assert job["finished_at"] is not None


def test_an_attempt_that_ran_into_its_time_limit_says_so(database: Database) -> None:
    held = database.held_job(max_attempts=1)
    database.rows("update public.job_leases set expires_at = renewed_at, deadline_at = renewed_at")
    database.claim(database.register())
    assert database.job(held.job_id)["error"]["code"] == "time_limit"


def test_a_lease_ends_at_the_time_limit_at_the_latest(database: Database) -> None:
    database.insert_job()
    assert database.claimed(p_lease_seconds=60, p_time_limit_seconds=5)["lease_seconds"] <= 5


def test_an_agent_that_is_not_registered_is_told_so(database: Database) -> None:
    database.insert_job()
    with database.refused() as refusal:
        database.claim(uuid4())
    assert refusal.sqlstate == "22023"
    assert "is not registered" in refusal.message
    assert "register_agent" in refusal.hint


@pytest.mark.parametrize("seconds", [{"p_lease_seconds": 0}, {"p_lease_seconds": 3601}, {"p_time_limit_seconds": 0}])
def test_a_senseless_lease_is_refused(database: Database, seconds: dict[str, Any]) -> None:
    with database.refused() as refusal:
        database.claim(database.register(), **seconds)
    assert (refusal.sqlstate, refusal.detail) == ("22023", f"field={next(iter(seconds))}")


def test_a_row_that_another_agent_is_claiming_is_skipped(own_database: Database) -> None:
    first, second = own_database.insert_job(), own_database.insert_job()
    other = Database(own_database.uri)
    agent_id = own_database.register()
    with own_database.connection.transaction():
        assert own_database.claimed(agent_id)["job_id"] == first
        other_agent = other.register()
        assert other.claimed(other_agent)["job_id"] == second
        assert other.claim(other_agent) is None
    other.close()


def test_a_repeated_request_waits_for_the_first_and_gets_its_claim(own_database: Database) -> None:
    own_database.insert_job()
    own_database.insert_job()
    other = Database(own_database.uri)
    agent_id, request_id = own_database.register(), uuid4()
    with ThreadPoolExecutor(1) as thread:
        with own_database.connection.transaction():
            first = own_database.claimed(agent_id, request_id=request_id)
            repeated = thread.submit(other.claimed, agent_id, request_id=request_id)
            wait_until_blocked(own_database, other)
        again = repeated.result(timeout=30)
    assert again["lease_token"] == first["lease_token"]
    assert own_database.value("select count(*) from public.jobs where status = 'running'") == 1
    other.close()


def test_two_agents_take_back_an_expired_lease_once(own_database: Database) -> None:
    held = own_database.held_job()
    own_database.expire(held.job_id)
    other = Database(own_database.uri)
    with own_database.connection.transaction():
        assert own_database.claimed()["job_id"] == held.job_id
        assert other.claim(other.register()) is None
    assert own_database.job(held.job_id)["attempt"] == 2
    assert len(own_database.attempts(held.job_id)) == 2
    other.close()
