"""What tests of several parts share: one local stack with the arena's database in it."""

import signal
from collections.abc import Iterator

import psycopg
import pytest

from agent.migrate import migrate
from local import LocalStack
from tests.sql.database import WIDE_OPEN


def pytest_configure() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would all that tests start and then interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a long test first, so that at the end no worker waits for another."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """A local stack, migrated; it takes images from this machine."""
    with LocalStack() as running:
        migrate(running.database_url)
        with psycopg.connect(running.database_url) as connection:
            connection.execute(WIDE_OPEN)
        running.reload_schema()
        yield running
