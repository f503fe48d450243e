"""A Postgres that waits for the disk, and what work costs in it."""

import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sql.database import connect, make_it_supabase, migrate
from tests.sql.server import PostgresServer, get_server

#: On a disk on most systems, where the usual folder for temporary files may be memory.
DISK = Path("/var/tmp")
SETTINGS = {
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "max_wal_size": "4GB",  # no checkpoint in the middle of a measurement but those asked for
}
#: Too dear to have on while time is measured.
COUNTING = ("log_statement", "track_functions")
TEMPLATE = "arena"
_STATEMENT = re.compile(rb"LOG:  (?:statement|execute [^:]*): ")


@dataclass
class Spent:
    """What the database did meanwhile. Rows written count every table, the queue's history too."""

    commits: int = 0
    statements: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    functions: int = 0
    wal_bytes: int = 0

    @staticmethod
    def columns() -> tuple[str, ...]:
        """Headings, in the order of the fields."""
        return ("commits", "client statements", "inserts", "updates", "deletes", "functions", "WAL bytes")

    def per(self, jobs: int) -> list[float]:
        """Each figure for one of that many jobs, in the order above."""
        return [count / jobs for count in vars(self).values()]


@dataclass
class BenchPostgres:
    """One server for everything that is compared, with the server's own defaults but for SETTINGS."""

    server: PostgresServer
    _made: set[str] = field(default_factory=set)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["BenchPostgres"]:
        """A fresh one on the disk; gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="arena-bench-", dir=DISK) as folder:
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
            postgres = cls(server)
            postgres._set(SETTINGS)
            try:
                yield postgres
            finally:
                server.cleanup()

    def uri(self, database: str) -> str:
        return str(self.server.get_uri(database=database))

    def administer(self, query: str, values: list[Any] | None = None, database: str = "postgres") -> list[Any]:
        """Rows of a query, each a dict."""
        with connect(self.uri(database)) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def _set(self, settings: Mapping[str, str]) -> None:
        for name, value in settings.items():
            self.administer(f"alter system set {name} = '{value}'")
        self.administer("select pg_reload_conf()")

    def create(self, database: str, template: str = "template1") -> str:
        """A new database's URI."""
        self.administer(f'create database "{database}" template "{template}"')
        return self.uri(database)

    def create_arena(self, database: str) -> str:
        """A new database with the migrations applied."""
        if TEMPLATE not in self._made:
            uri = self.create(TEMPLATE)
            make_it_supabase(uri)
            migrate(uri)
            self._made.add(TEMPLATE)
        return self.create(database, TEMPLATE)

    def settle(self, database: str) -> None:
        """Vacuum, analyze and checkpoint, so that nobody pays for who came before."""
        self.administer("vacuum analyze", database=database)
        self.administer("checkpoint")

    @contextmanager
    def spending(self, database: str) -> Iterator[Spent]:
        """Counts what is spent in the block by connections that are opened and closed in it."""
        spent = Spent()
        for name in COUNTING:
            self.administer(f"alter database \"{database}\" set {name} = 'all'")
        self._set({"autovacuum": "off"})  # its share of the WAL, of whatever database, is no job's
        calls, before, logged = self._calls(database), self._counters(database), self._logged()
        yield spent
        after = self._counters(database)
        spent.statements = self._logged() - logged
        spent.functions = self._calls(database) - calls
        for name in COUNTING:
            self.administer(f'alter database "{database}" reset {name}')
        self._set({"autovacuum": "on"})
        for name, value in after.items():
            setattr(spent, name, value - before[name])

    def _counters(self, database: str) -> dict[str, int]:
        """The database's own, once every backend has left it: a backend reports for certain when it leaves."""
        while self.administer("select from pg_stat_activity where datname = %s", [database]):
            time.sleep(0.01)
        (row,) = self.administer(
            "select xact_commit as commits, tup_inserted as inserted, tup_updated as updated, tup_deleted as deleted,"
            " pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as wal_bytes"
            " from pg_stat_database where datname = %s",
            [database],
        )
        return {str(name): int(value) for name, value in row.items()}

    def _calls(self, database: str) -> int:
        """Of functions. Only the database itself tells, so this adds to what _counters sees."""
        (row,) = self.administer("select coalesce(sum(calls), 0) as calls from pg_stat_user_functions", None, database)
        return int(row["calls"])

    def _logged(self) -> int:
        return len(_STATEMENT.findall(Path(self.server.log).read_bytes()))
