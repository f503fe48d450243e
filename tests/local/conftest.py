"""A local stack with small tables of its own, shared by the tests of `local`."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row
from supabase import Client, create_client
from supabase.lib.client_options import SyncClientOptions

from local import LocalStack

SCHEMA_FILE = Path(__file__).with_name("schema.sql")
PASSWORD = "correct horse battery staple"

Connection = psycopg.Connection[dict[str, Any]]
Connect = Callable[..., Client]


@dataclass(frozen=True)
class User:
    id: str
    token: str
    client: Client


@pytest.fixture(scope="session")
def bare_stack() -> Iterator[LocalStack]:
    with LocalStack() as running, psycopg.connect(running.database_url) as connection:
        connection.execute(SCHEMA_FILE.read_text())
        connection.commit()
        running.reload_schema()
        yield running


@pytest.fixture
def database(bare_stack: LocalStack) -> Iterator[Connection]:
    with psycopg.connect(bare_stack.database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def connect(bare_stack: LocalStack) -> Iterator[Connect]:
    """Makes clients with a key, the publishable one by default, that act as a token's role if there is one."""
    with ExitStack() as open_clients:

        def new_client(key: str | None = None, token: str | None = None) -> Client:
            # An HTTP client of its own: supabase-py warns of its own default otherwise.
            http = open_clients.enter_context(httpx.Client(timeout=30.0))
            options = SyncClientOptions(httpx_client=http, auto_refresh_token=False)
            if token:
                options.headers = {**options.headers, "Authorization": f"Bearer {token}"}
            return create_client(bare_stack.url, key or bare_stack.publishable_key, options)

        yield new_client


@pytest.fixture
def client(connect: Connect) -> Client:
    return connect()


@pytest.fixture
def sign_up(connect: Connect) -> Callable[[], User]:
    def new_user() -> User:
        client = connect()
        answer = client.auth.sign_up({"email": f"{uuid4().hex}@example.com", "password": PASSWORD})
        assert answer.user is not None
        assert answer.session is not None
        return User(answer.user.id, answer.session.access_token, client)

    return new_user


@pytest.fixture
def robot(connect: Connect, bare_stack: LocalStack) -> Client:
    """A client that acts as a custom role, by a token in `Authorization` beside a normal key."""
    return connect(token=bare_stack.keys.sign("robot"))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Not `tmp_path`: every pytest of a user closes their parent to others, and Postgres may run as another one."""
    with tempfile.TemporaryDirectory(prefix="arena-test-") as folder:
        yield Path(folder)


@pytest.fixture
def mark() -> str:
    """Tells this test's rows from those of others in the shared database."""
    return uuid4().hex
