"""The migrations, and where it is kept which of them a database has."""

from dataclasses import dataclass
from importlib.resources import files

#: The Supabase CLI's own table, so that `supabase db push`, `arena migrate` and a pasted schema.sql agree.
BOOKKEEPING = """\
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text
);
"""

#: The contract of a database that has them all, as `arena_contract` tells it; docs/upgrades.md says what that is.
CONTRACT = 2


@dataclass(frozen=True)
class Migration:
    """One file of `sql/migrations`, `<version>_<name>.sql`."""

    #: YYYYMMDDHHMMSS
    version: str
    name: str
    sql: str

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.version}_{self.name}.sql"


def migrations() -> list[Migration]:
    """All migrations, oldest first."""
    found = []
    for file in (files("sql") / "migrations").iterdir():
        if file.name.endswith(".sql"):
            version, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(version, name, file.read_text("utf-8")))
    return sorted(found, key=lambda migration: migration.version)
