"""Brings a database up to date with ``sql/migrations``, as the Supabase CLI would, and publishes models."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agent.errors import MigrationError
from sql.migration import BOOKKEEPING, Migration, migrations
from sql.policy import Policy
from sql.seed import built_in_seed

# Two runs at once wait for each other here; the number is arbitrary but must not change.
_LOCK = 7221_9034


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done to a database."""

    applied: list[Migration]
    #: Ids of models that were not there before.
    added: list[str]
    #: Ids of models that were there, but otherwise.
    changed: list[str]


def migrate(
    database_url: str, seed: str | None = None, policies: Sequence[Policy] = (), *, dry_run: bool = False
) -> Migrated:
    """Apply what is missing, publish models, by default the built-in ones, and set policies, all in one transaction.

    `seed` is a statement of ``sql.seed``. A dry run does it all and takes it back.
    Raises MigrationError, with nothing changed.
    """
    _require_readable(database_url)
    stage = "Failed"
    applied = []
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            known = _model_ids(connection)
            for migration in _missing(connection):
                stage = f"Migration {migration.version}_{migration.name} failed"
                connection.execute(migration.sql.encode())
                _record(connection, migration)
                applied.append(migration)
            stage = "Publishing the models failed"
            rows = connection.execute((seed or built_in_seed()).encode())
            published = sorted(str(row[0]) for row in rows)
            for policy in policies:
                stage = f"The policy {policy} failed"
                connection.execute(policy.sql.encode())
            if dry_run:
                connection.rollback()
    except psycopg.Error as error:
        raise MigrationError(f"{stage}; nothing was changed: {_first_line(error)}") from error
    added = [model_id for model_id in published if model_id not in known]
    return Migrated(applied, added, [model_id for model_id in published if model_id in known])


def _require_readable(database_url: str) -> None:
    """Refuse what libpq would misread, since its message would hold a part of the password."""
    try:
        known = conninfo_to_dict(database_url)
    except psycopg.Error:
        known = {}
    if not known or "@" in str(known.get("host")) or not str(known.get("port", "0")).replace(",", "").isdigit():
        raise MigrationError(
            "The database URL cannot be read.",
            hint="It is like postgresql://user:password@host:5432/postgres;"
            " special characters in the password are percent-encoded.",
        )


def _model_ids(connection: psycopg.Connection) -> set[str]:
    """Those that are there already, in a database that may be empty."""
    if connection.execute("select to_regclass('public.models')").fetchone() == (None,):
        return set()
    return {str(row[0]) for row in connection.execute("select id from public.models")}


def _missing(connection: psycopg.Connection) -> list[Migration]:
    connection.execute(BOOKKEEPING)
    rows = connection.execute("select version from supabase_migrations.schema_migrations")
    known = {str(row[0]) for row in rows}
    return [migration for migration in migrations() if migration.version not in known]


def _record(connection: psycopg.Connection, migration: Migration) -> None:
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
        [migration.version, migration.name],
    )


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
