"""Who may do what with which rows; grants are held to docs/security.md in test_access_table.py."""

from uuid import uuid4

import pytest

from tests.sql.database import IMAGES, PEOPLE, RESULT, ROLES, Database

TABLES = (
    *("models", "jobs", "agents", "agent_heartbeats", "live_agents", "waiting_jobs", "comparison_results"),
    *("image_results", "job_attempts", "job_leases", "arena_settings"),
)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_reaches_the_internals(database: Database, role: str) -> None:
    assert not database.value("select has_schema_privilege(%s, 'arena', 'usage')", role)
    callable_ones = database.rows(
        "select proname from pg_proc where pronamespace = 'arena'::regnamespace"
        " and has_function_privilege(%s, oid, 'execute')",
        role,
    )
    # What their lists are made with, and it reads nothing.
    assert {row["proname"] for row in callable_ones} <= {"figure"}


def test_a_user_owns_what_they_insert(database: Database) -> None:
    user = uuid4()
    assert database.job(database.insert_job("authenticated", user))["created_by"] == user


def test_what_anon_inserts_belongs_to_nobody(database: Database) -> None:
    assert database.job(database.insert_job("anon"))["created_by"] is None


def test_the_service_may_insert_for_a_user(database: Database) -> None:
    user = uuid4()
    assert database.job(database.insert_job("service_role", created_by=user))["created_by"] == user


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("column", ["created_by", "status", "attempt", "started_at", "progress", "error", "id"])
def test_people_cannot_set_what_is_not_theirs(database: Database, role: str, column: str) -> None:
    with database.refused() as refusal:
        database.insert_job(role, uuid4(), **{column: None})
    assert refusal.sqlstate == "42501"


def test_people_start_pending_even_where_the_grants_are_too_wide(database: Database) -> None:
    database.rows("grant insert on public.jobs to anon")
    job_id = database.insert_job("anon", status="succeeded", attempt=3, created_by=uuid4(), error={"code": "x"})
    job = database.job(job_id)
    assert (job["status"], job["attempt"], job["created_by"], job["error"]) == ("pending", 0, None, None)


def test_people_cannot_jump_the_queue_by_a_date_in_the_past(database: Database) -> None:
    job = database.job(database.insert_job(run_at="2000-01-01"))
    assert job["run_at"] == job["created_at"]


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("table", TABLES)
def test_people_change_and_delete_nothing(database: Database, role: str, table: str) -> None:
    database.held_job()
    for statement in (f"delete from public.{table}", f"update public.{table} set created_at = null"):
        with database.refused() as refusal:
            database.rows(statement.replace("created_at", _a_column(database, table)), role=role, user=uuid4())
        assert refusal.sqlstate in ("42501", "55000"), "not granted, or a view of two tables"


def test_a_user_reads_their_own_jobs_and_those_of_nobody(database: Database) -> None:
    ann, ben = uuid4(), uuid4()
    of_ann, of_ben = database.insert_job("authenticated", ann), database.insert_job("authenticated", ben)
    of_nobody = database.insert_job("anon")
    query = "select id from public.jobs"
    assert {row["id"] for row in database.rows(query, role="authenticated", user=ann)} == {of_ann, of_nobody}
    assert {row["id"] for row in database.rows(query, role="authenticated", user=ben)} == {of_ben, of_nobody}
    assert {row["id"] for row in database.rows(query, role="anon")} == {of_nobody}
    assert {row["id"] for row in database.rows(query, role="arena_agent")} == {of_ann, of_ben, of_nobody}


def test_image_results_and_attempts_follow_their_job(database: Database) -> None:
    ann = uuid4()
    database.insert_job("authenticated", ann)
    claim = database.claimed()
    database.answer(
        "complete_job",
        p_job_id=claim["job_id"],
        p_lease_token=claim["lease_token"],
        p_result=RESULT,
        p_image_results=[{"side": "a", "image_index": 0, "predicted_count": 0}],
    )
    for query in ("select job_id, side from public.image_results", "select job_id, outcome from public.job_attempts"):
        assert len(database.rows(query, role="authenticated", user=ann)) == 1
        assert database.rows(query, role="authenticated", user=uuid4()) == []
        assert database.rows(query, role="anon") == []


def test_results_models_and_agents_are_public(database: Database) -> None:
    held = database.held_job(role="authenticated", user=uuid4())
    held.complete()
    for table in ("comparison_results", "models", "agents", "live_agents"):
        for role in PEOPLE:
            assert database.rows(f"select * from public.{table}", role=role)


def test_the_same_idempotency_key_is_one_job_for_each_owner(database: Database) -> None:
    ann = uuid4()
    database.insert_job("authenticated", ann, idempotency_key="click")
    database.insert_job("authenticated", uuid4(), idempotency_key="click")
    database.insert_job("anon", idempotency_key="click")
    for role, user in (("authenticated", ann), ("anon", None)):
        with database.refused() as refusal:
            database.insert_job(role, user, idempotency_key="click")
        assert refusal.sqlstate == "23505"
        assert "jobs_one_per_idempotency_key" in refusal.message
    assert len({database.insert_job() for _ in range(2)}) == 2
    assert database.value("select images from public.jobs limit 1") == IMAGES


def _a_column(database: Database, table: str) -> str:
    query = "select attname from pg_attribute where attrelid = %s::regclass and attnum = 1"
    return str(database.value(query, f"public.{table}"))
