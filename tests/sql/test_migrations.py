"""The migrations and the one file made of them."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sql.migration import migrations
from sql.schema import LOCK, schema
from sql.seed import built_in_seed
from tests.sql.database import Database, connect, make_it_supabase, migrate
from tests.sql.server import PostgresServer, get_server

MODELS = "select to_jsonb(m) as model from public.models m order by id"


def dump(server: PostgresServer, uri: str) -> str:
    """Tables, constraints, functions, policies, grants, comments and the publication, as pg_dump writes them."""
    command = [str(server.bin_path / "pg_dump"), "--schema-only", "--exclude-schema=supabase_migrations", uri]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)


def test_files_are_named_by_time_and_content() -> None:
    names = [migration.file_name for migration in migrations()]
    assert names
    assert all(re.fullmatch(r"20\d{12}_[a-z]+(_[a-z]+)*\.sql", name) for name in names), names
    versions = [name.split("_")[0] for name in names]
    assert len(set(versions)) == len(versions)


def test_every_migration_can_run_twice_in_a_row(
    server: PostgresServer, empty_database: str, own_database: Database
) -> None:
    migrate(empty_database, times=2)
    assert dump(server, empty_database) == dump(server, own_database.uri)


def test_running_again_keeps_the_rows(own_database: Database) -> None:
    held = own_database.held_job()
    assert held.complete() == "completed"
    job = own_database.job(held.job_id)
    models = own_database.rows(MODELS)
    own_database.rows(schema())
    assert own_database.job(held.job_id) == job
    assert own_database.rows(MODELS) == models


def test_migrations_alone_leave_the_six_models_ready_to_run(empty_database: str) -> None:
    migrate(empty_database, times=2)
    with connect(empty_database) as connection:
        rows = connection.execute(
            "select id, runtime, default_runtime, runtimes, base_id from public.models"
        ).fetchall()
    unable: dict[str, Any] = {"runtime": None, "default_runtime": None, "runtimes": [], "base_id": None}
    able: dict[str, Any] = {"runtime": "torch", "default_runtime": "torch", "runtimes": ["torch"], "base_id": None}
    assert sorted(rows, key=lambda row: str(row["id"])) == [
        {"id": "Trained_yolov5"} | able,
        {"id": "Trained_yolov8"} | able,
        {"id": "detectron2"} | able,
        {"id": "efficientnet_b0"} | able,
        {"id": "roberta_base"} | unable,
        {"id": "wav2vec2"} | unable,
    ]


def test_models_of_before_the_variants_keep_their_jobs(empty_database: str) -> None:
    older = [migration for migration in migrations() if migration.version < "20261124"]
    newer = migrations()[len(older) :]
    with connect(empty_database) as connection:
        for migration in older:
            connection.execute(migration.sql.encode())
    database = Database(empty_database)
    held = database.held_job()
    for statement in [*(migration.sql for migration in newer), built_in_seed()]:
        database.rows(statement)
    assert (held.renew(), held.complete()) == ("renewed", "completed")
    assert database.value("select runtimes[1] from public.models where id = 'Trained_yolov5'") == "torch"
    database.close()


def test_schema_file_is_current() -> None:
    written = (files("sql") / "schema.sql").read_text(encoding="utf-8")
    assert written == schema(), "Run: python -m sql.schema"


def test_schema_file_makes_the_same_database(
    server: PostgresServer, empty_database: str, own_database: Database
) -> None:
    with connect(empty_database) as connection:
        connection.execute(schema().encode())
        connection.execute(schema().encode())
    assert dump(server, empty_database) == dump(server, own_database.uri)
    with connect(empty_database) as connection:
        made = connection.execute(
            "select to_jsonb(m) - 'created_at' as model from public.models m order by id"
        ).fetchall()
    assert made == own_database.rows("select to_jsonb(m) - 'created_at' as model from public.models m order by id")


def test_schema_file_waits_for_whoever_else_brings_the_database_up_to_date(own_database: Database) -> None:
    with connect(own_database.uri) as other, other.transaction(), connect(own_database.uri) as connection:
        other.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute("set statement_timeout = '0.2s'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(schema().encode())


def test_schema_file_does_not_wait_for_a_table_for_long(own_database: Database) -> None:
    own_database.rows("delete from supabase_migrations.schema_migrations where name = 'contracts'")  # it alters agents
    with connect(own_database.uri) as reader, reader.transaction(), connect(own_database.uri) as connection:
        reader.execute("select from public.agents")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute(re.sub(r"(lock_timeout) = '3s'", r"\1 = '0.2s'", schema()).encode())


def test_schema_file_records_the_versions(empty_database: str) -> None:
    with connect(empty_database) as connection:
        connection.execute(schema().encode())
        rows = connection.execute("select version, name from supabase_migrations.schema_migrations order by version")
        recorded = [f"{row['version']}_{row['name']}.sql" for row in rows]
    assert recorded == [migration.file_name for migration in migrations()]


def test_schema_file_applies_all_or_nothing(empty_database: str) -> None:
    broken = schema().replace("commit;", "select 1 / 0;\ncommit;")
    with connect(empty_database) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute(broken.encode())
        connection.rollback()
        found = connection.execute("select to_regclass('public.jobs') as jobs").fetchone()
    assert found == {"jobs": None}


def test_a_database_that_is_no_supabase_project_is_refused(create_database: Callable[[str], str]) -> None:
    with (
        connect(create_database("template0")) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="not a Supabase project") as error,
    ):
        connection.execute(migrations()[0].sql.encode())
    assert "connection string" in (error.value.diag.message_hint or "")


def test_an_older_postgres_and_an_owner_who_is_no_superuser_will_do() -> None:
    """Hosted Supabase: Postgres 15 or 17, and a `postgres` that may create roles and no more."""
    with tempfile.TemporaryDirectory(prefix="arena-sql-") as folder:
        server = get_server(Path(folder) / "data", postgres_version=16)
        try:
            uri = server.get_uri()
            make_it_supabase(uri)
            with connect(uri) as admin:
                admin.execute("create role hosted login createrole")
                admin.execute("grant create on database postgres to hosted")
                admin.execute("grant all on schema public to hosted with grant option")
                admin.execute("grant usage on schema auth to hosted")
                admin.execute("grant execute on function auth.uid() to hosted")
            migrate(uri.replace("postgres:@", "hosted:@"), times=2)
            database = Database(uri)
            assert database.value("select tableowner from pg_tables where tablename = 'jobs'") == "hosted"
            held = database.held_job()
            assert (held.renew(), held.complete()) == ("renewed", "completed")
            assert database.answer("cancel_job", role="service_role", p_job_id=database.insert_job()) == "cancelled"
            database.close()
        finally:
            server.cleanup()
