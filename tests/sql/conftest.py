"""One Postgres for the session and databases in it: empty, migrated, or a test's own."""

import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from sql.seed import built_in_seed
from tests.sql.database import WIDE_OPEN, Database, connect, make_it_supabase, migrate
from tests.sql.server import PostgresServer, get_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A Postgres that does not wait for the disk."""
    # Not below pytest's own folder: Postgres does not run as root, and pytest closes that folder to others.
    with tempfile.TemporaryDirectory(prefix="arena-sql-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        with connect(server.get_uri()) as admin:
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                admin.execute(f"alter system set {setting}".encode())
            admin.execute("select pg_reload_conf()")
        yield server
        server.cleanup()


@pytest.fixture(scope="session")
def create_database(server: PostgresServer) -> Callable[[str], str]:
    """Makes a database from a template; gives its URI."""
    numbers = count()

    def create(template: str) -> str:
        name = f"test_{next(numbers)}"
        with connect(server.get_uri()) as admin:
            admin.execute(f'create database "{name}" template "{template}"'.encode())
        return str(server.get_uri(database=name))

    return create


@pytest.fixture(scope="session")
def supabase_template(server: PostgresServer) -> str:
    """An empty database with Supabase's roles and auth.uid()."""
    with connect(server.get_uri()) as admin:
        admin.execute("create database supabase_template")
    make_it_supabase(server.get_uri(database="supabase_template"))
    return "supabase_template"


@pytest.fixture(scope="session")
def arena_template(server: PostgresServer, supabase_template: str) -> str:
    """A database with the migrations applied and the built-in models published."""
    with connect(server.get_uri()) as admin:
        admin.execute(f"create database arena_template template {supabase_template}".encode())
    migrate(server.get_uri(database="arena_template"))
    with connect(server.get_uri(database="arena_template")) as connection:
        connection.execute(built_in_seed().encode())
        connection.execute(WIDE_OPEN)
    return "arena_template"


@pytest.fixture
def empty_database(create_database: Callable[[str], str], supabase_template: str) -> str:
    """The URI of a Supabase project in which nothing has been done."""
    return create_database(supabase_template)


@pytest.fixture
def own_database(create_database: Callable[[str], str], arena_template: str) -> Iterator[Database]:
    """A migrated database of the test's own, where transactions really commit and several connections meet."""
    database = Database(create_database(arena_template))
    yield database
    database.close()


@pytest.fixture(scope="session")
def shared_database(create_database: Callable[[str], str], arena_template: str) -> Iterator[Database]:
    """The database under `database`."""
    database = Database(create_database(arena_template))
    yield database
    database.close()


@pytest.fixture
def database(shared_database: Database) -> Iterator[Database]:
    """A migrated, empty database on one connection; what the test does is rolled back."""
    with shared_database.connection.transaction(force_rollback=True):
        yield shared_database
