"""What tests of several parts share: one local stack with the arena's database in it."""

from collections.abc import Iterator

import pytest

from agent.migrate import migrate
from local import LocalStack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a long test first, so that at the end no worker waits for another."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """A local stack, migrated."""
    with LocalStack() as running:
        migrate(running.database_url)
        running.reload_schema()
        yield running
