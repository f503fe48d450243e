"""What is seen of a public and of a private arena."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from sql.schema import schema
from tests.sql.database import IMAGES, Database, connect

POLICIES = Path(__file__).parents[2] / "sql" / "policies"
ANN, BEN = uuid4(), uuid4()
OPEN = ("models", "agents", "agent_heartbeats", "live_agents")


def apply(database: Database, policy: str) -> None:
    database.connection.execute((POLICIES / f"{policy}.sql").read_bytes())


@pytest.fixture
def arena(database: Database) -> Database:
    """A finished job of Ann, one of Ben, and one of nobody."""
    for role, user in (("authenticated", ANN), ("authenticated", BEN), ("anon", None)):
        database.held_job(role=role, user=user).complete()
    return database


def seen(database: Database, table: str, role: str, user: UUID | None = None) -> int:
    return int(database.value(f"select count(*) from public.{table}", role=role, user=user))


def owners(database: Database, role: str, user: UUID | None = None) -> set[UUID | None]:
    return {row["created_by"] for row in database.rows("select created_by from public.jobs", role=role, user=user)}


def test_in_public_results_are_seen_by_all_and_jobs_by_their_owners(arena: Database) -> None:
    assert owners(arena, "authenticated", ANN) == {ANN, None}
    assert owners(arena, "anon") == {None}
    for role, user in (("anon", None), ("authenticated", ANN)):
        assert seen(arena, "comparison_results", role, user) == 3
        assert all(seen(arena, table, role, user) for table in OPEN)
    assert seen(arena, "image_results", "anon") == 2
    assert seen(arena, "image_results", "authenticated", ANN) == 4


def test_in_private_users_see_what_is_theirs(arena: Database) -> None:
    apply(arena, "private")
    assert owners(arena, "authenticated", ANN) == {ANN}
    for table, rows in (("comparison_results", 1), ("image_results", 2), ("job_attempts", 1)):
        assert len(arena.rows(f"select job_id from public.{table}", role="authenticated", user=ANN)) == rows
    assert all(seen(arena, table, "authenticated", ANN) for table in OPEN)


def test_in_private_who_is_not_signed_in_sees_and_inserts_nothing(arena: Database) -> None:
    apply(arena, "private")
    for table in ("jobs", "comparison_results", "image_results", "waiting_jobs", *OPEN):
        assert seen(arena, table, "anon") == 0, table
    assert arena.rows("select job_id from public.job_attempts", role="anon") == []
    assert arena.value("select private from public.arena_settings", role="anon") is True
    with arena.refused() as refusal:
        arena.insert_job("anon")
    assert (refusal.sqlstate, refusal.message) == ("42501", "This arena is private.")
    assert refusal.hint == "Sign in to insert a job."


def test_in_private_a_token_without_a_user_is_nobody(arena: Database) -> None:
    apply(arena, "private")
    for table in ("jobs", "comparison_results", *OPEN):
        assert seen(arena, table, "authenticated") == 0, table
    with arena.refused() as refusal:  # asks for nothing back, or the policy of select would refuse it too
        arena.rows(
            "insert into public.jobs (model_a, model_b, images) values ('Trained_yolov5', 'Trained_yolov8', %s)",
            IMAGES,
            role="authenticated",
        )
    assert refusal.sqlstate == "42501"


def test_in_private_agents_and_the_service_go_on(arena: Database) -> None:
    apply(arena, "private")
    job_id = arena.insert_job("authenticated", ANN)
    assert len(arena.rows("select id, status from public.jobs", role="arena_agent")) == 4
    assert arena.claimed()["job_id"] == job_id
    assert seen(arena, "comparison_results", "service_role") == 3


def test_it_can_be_public_again(arena: Database) -> None:
    apply(arena, "private")
    apply(arena, "public")
    assert seen(arena, "comparison_results", "anon") == 3


def test_it_stays_private_when_the_schema_is_pasted_again(own_database: Database) -> None:
    own_database.held_job(role="authenticated", user=ANN).complete()
    apply(own_database, "private")
    own_database.rows("update public.arena_settings set max_payload_kb = 7")
    with connect(own_database.uri) as connection:
        connection.execute(schema().encode())
    assert seen(own_database, "comparison_results", "anon") == 0
    assert own_database.value("select max_payload_kb from public.arena_settings") == 7


def test_the_policies_ask_once_a_statement_not_once_a_row(own_database: Database) -> None:
    own_database.rows(
        "insert into public.jobs (model_a, model_b, images, created_by)"
        " select 'Trained_yolov5', 'Trained_yolov8', %s, %s from generate_series(1, 300)",
        [{"image_path": "https://h/1.jpg", "car_count": 0}],
        ANN,
    )
    lines = own_database.rows(
        "explain (analyze, costs off, timing off) select id from public.jobs", role="authenticated", user=ANN
    )
    plan = [line["QUERY PLAN"] for line in lines]
    scans = [line for line in plan if "arena_settings" in line]
    assert scans
    assert all("loops=1)" in line or "never executed" in line for line in scans), plan


STORAGE = """
    create schema storage;
    create table storage.buckets (id text primary key);
    create table storage.objects (id int primary key, bucket_id text);
    alter table storage.buckets enable row level security;
    alter table storage.objects enable row level security;
    insert into storage.buckets values ('arena-images'), ('private');
    insert into storage.objects values (1, 'arena-images'), (2, 'private');
"""


def test_an_agent_reads_its_bucket_of_storage_and_no_other(database: Database) -> None:
    database.connection.execute(STORAGE.encode())
    for _ in range(2):
        apply(database, "storage")
    assert database.rows("select bucket_id from storage.objects", role="arena_agent") == [{"bucket_id": "arena-images"}]
    assert database.rows("select id from storage.buckets", role="arena_agent") == [{"id": "arena-images"}]
    with database.refused() as refusal:
        database.rows("delete from storage.objects", role="arena_agent")
    assert refusal.sqlstate == "42501"


def test_a_project_without_storage_says_so(database: Database) -> None:
    with database.refused() as refusal:
        apply(database, "storage")
    assert "no Supabase Storage" in refusal.message
