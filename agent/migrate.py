"""Brings a database up to date with ``sql/migrations``, as the Supabase CLI would."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agent.errors import MigrationError
from sql.migration import BOOKKEEPING, Migration, migrations

# Two runs at once wait for each other here; the number is arbitrary but must not change.
_LOCK = 7221_9034


def migrate(database_url: str) -> list[Migration]:
    """Apply what is missing, all in one transaction; returns what was applied.

    Raises MigrationError, with nothing changed.
    """
    _require_readable(database_url)
    current: Migration | None = None
    applied = []
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            for current in _missing(connection):
                connection.execute(current.sql.encode())
                _record(connection, current)
                applied.append(current)
    except psycopg.Error as error:
        where = f"Migration {current.version}_{current.name} failed" if current else "Failed"
        raise MigrationError(f"{where}; nothing was changed: {_first_line(error)}") from error
    return applied


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
