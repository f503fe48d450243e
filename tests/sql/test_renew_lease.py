import pytest

from tests.sql.database import Database


def lease(database: Database) -> dict[str, object]:
    return database.row("select * from public.job_leases")


def test_a_renewal_moves_the_end_and_nothing_else(database: Database) -> None:
    held = database.held_job()
    job, before = database.job(held.job_id), lease(database)
    assert held.renew(p_lease_seconds=120) == "renewed"
    after = lease(database)
    assert after.pop("expires_at") > before.pop("expires_at")  # type: ignore[operator]
    assert after.pop("renewed_at") > before.pop("renewed_at")  # type: ignore[operator]
    assert after == before
    assert database.job(held.job_id) == job


def test_a_renewal_is_a_heartbeat_and_leaves_published_rows_alone(own_database: Database) -> None:
    held = own_database.held_job()
    versions = "select j.ctid as job, a.ctid as agent from public.jobs j, public.agents a"
    before, seen = own_database.row(versions), own_database.value("select seen_at from public.agent_heartbeats")
    assert held.renew() == "renewed"
    assert held.renew(p_progress={"phase": "claimed"}) == "renewed", "progress that is not new"
    assert own_database.row(versions) == before
    assert own_database.value("select seen_at from public.agent_heartbeats") > seen


def test_new_progress_is_published(database: Database) -> None:
    held = database.held_job()
    assert held.renew(p_progress={"phase": "warm-up", "done": 0.5}) == "renewed"
    assert database.job(held.job_id)["progress"] == {"phase": "warm-up", "done": 0.5}


def test_no_renewal_goes_past_the_time_limit(database: Database) -> None:
    database.insert_job()
    claim = database.claimed(p_lease_seconds=10, p_time_limit_seconds=30)
    arguments = {"p_job_id": claim["job_id"], "p_lease_token": claim["lease_token"]}
    assert database.answer("renew_lease", **arguments, p_lease_seconds=3600) == "renewed"
    row = lease(database)
    assert row["expires_at"] == row["deadline_at"]


def test_an_expired_lease_is_lost_even_if_nobody_took_the_job(database: Database) -> None:
    held = database.held_job()
    database.expire(held.job_id)
    before = database.job(held.job_id)
    assert held.renew(p_progress={"phase": "late"}) == "lost"
    assert held.complete() == "lost"
    assert database.job(held.job_id) == before


def test_a_cancelled_job_is_said_to_be_cancelled(database: Database) -> None:
    held = database.held_job()
    assert database.answer("cancel_job", role="service_role", p_job_id=held.job_id) == "cancelled"
    assert held.renew() == "cancelled"


@pytest.mark.parametrize("end", ["complete", "fail", "release"])
def test_a_lease_that_has_ended_is_lost(database: Database, end: str) -> None:
    held = database.held_job()
    getattr(held, end)()
    assert held.renew() == "lost"


def test_a_lease_is_good_for_its_own_job_only(database: Database) -> None:
    first, second = database.held_job(), database.held_job()
    second.token = first.token
    for answer in (second.renew(), second.complete(), second.fail(), second.release()):
        assert answer == "lost"
    assert database.job(second.job_id)["status"] == "running"
    assert first.renew() == "renewed"


def test_renewals_stay_heap_only(own_database: Database) -> None:
    held = own_database.held_job()
    own_database.rows("select pg_stat_force_next_flush()")
    for _ in range(20):
        held.renew()
    own_database.rows("select pg_stat_force_next_flush()")
    updates = own_database.row("select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'job_leases'")
    assert updates["n_tup_upd"] >= 20
    assert updates["n_tup_hot_upd"] == updates["n_tup_upd"]
