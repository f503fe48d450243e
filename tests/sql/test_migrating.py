"""Bringing a database up to date beside those that work at it, and what becomes of it where that breaks off."""

import threading
import time

import psycopg
import pytest

from agent import migrate as module
from agent.errors import MigrationError
from agent.migrate import Plan, migrate
from sql.migration import Migration, migrations
from sql.policy import Policy
from sql.schema import schema
from tests.agent.queue import until
from tests.sql.database import Database

BLOCKED = Migration("20990101000000", "blocked", "alter table public.jobs add column new int")


def known(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select version from supabase_migrations.schema_migrations order by version")
        return [str(row[0]) for row in rows]


@pytest.fixture
def blocked(own_database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database, and a migration that needs the table of jobs."""
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), BLOCKED])
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.4)
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.1)
    return own_database.uri


def test_a_migration_that_has_to_wait_gives_up_and_holds_nothing(blocked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIES", 2)
    before = known(blocked)
    plans: list[Plan] = []
    pauses: list[float] = []
    with psycopg.connect(blocked) as reader, psycopg.connect(blocked, autocommit=True) as agent:
        reader.execute("select count(*) from public.jobs")  # and its transaction stays open

        def on_busy(seconds: float) -> None:
            pauses.append(seconds)
            started = time.monotonic()
            agent.execute("update public.jobs set priority = 1")
            assert time.monotonic() - started < 2

        with pytest.raises(MigrationError, match=r"_blocked failed; nothing was changed: .* lock timeout") as raised:
            migrate(blocked, on_plan=plans.append, on_busy=on_busy)
    assert raised.value.hint == (
        "A query or an open transaction holds what this needs. Run it again when the database is quiet."
    )
    assert (plans, len(pauses)) == ([Plan([BLOCKED], [], [], [])], 1)
    assert known(blocked) == before


def test_a_migration_that_had_to_wait_is_tried_again(blocked: str) -> None:
    with psycopg.connect(blocked) as reader:
        reader.execute("select count(*) from public.jobs")
        migrate(blocked, on_busy=lambda _seconds: reader.rollback())
    assert known(blocked)[-1] == BLOCKED.version


def test_while_a_migration_waits_for_a_table_others_wait_no_longer_than_it_may(blocked: str) -> None:
    """They queue behind it: without its limit this would take as long as the reader's transaction."""
    with psycopg.connect(blocked) as reader, psycopg.connect(blocked, autocommit=True) as agent:
        reader.execute("select count(*) from public.jobs")
        waiting = threading.Thread(target=lambda: migrate(blocked, on_busy=lambda _seconds: reader.rollback()))
        waiting.start()
        until(lambda: waiting_for_jobs(agent))
        started = time.monotonic()
        agent.execute("select count(*) from public.jobs")
        assert 0.05 < time.monotonic() - started < 5
        waiting.join()


def waiting_for_jobs(connection: psycopg.Connection) -> bool:
    query = "select from pg_locks where relation = 'public.jobs'::regclass and not granted"
    return bool(connection.execute(query).fetchall())


def test_a_connection_that_is_lost_leaves_nothing_behind(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Migration("20990102000000", "cut", "select pg_terminate_backend(pg_backend_pid())")
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), cut])
    with pytest.raises(MigrationError, match=r"_cut failed; nothing was changed: "):
        migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("select to_regclass('public.models')").fetchone() == (None,)


def test_one_that_is_lost_at_the_commit_leaves_it_open_what_was_done(
    own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Migration(
        "20990102000000",
        "cut",
        "create function arena.cut() returns trigger language plpgsql as"
        " 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';"
        " create constraint trigger cut after update on public.arena_settings deferrable initially deferred"
        " for each row execute function arena.cut();"
        " update public.arena_settings set private = private",
    )
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), cut])
    with pytest.raises(MigrationError, match="connection was lost while all was being committed") as raised:
        migrate(own_database.uri)
    assert raised.value.hint == "It was done, or none of it was. Run it again: it does what is left to do."


NEWER = """
    create or replace function arena.contract(out contract int, out oldest_contract int)
    language sql immutable set search_path = '' as 'select 99, 2'
"""


def test_a_database_that_is_newer_is_left_as_it_is(own_database: Database) -> None:
    own_database.rows(NEWER)
    own_database.rows("delete from public.models where id = 'wav2vec2'")
    for policies in ((), (Policy.PRIVATE,)):
        with pytest.raises(MigrationError, match=r"newer than this program, and nothing was changed") as raised:
            migrate(own_database.uri, policies=policies)
        assert "agents of contract 2 and later" in (raised.value.hint or "")
    with psycopg.connect(own_database.uri) as connection, pytest.raises(psycopg.errors.RaiseException, match="newer"):
        connection.execute(schema().encode())
    assert own_database.value("select private from public.arena_settings") is False
    assert own_database.rows("select from public.models where id = 'wav2vec2'") == []
