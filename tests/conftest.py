"""What tests of several parts share: one local stack with the arena's database in it."""

from collections.abc import Iterator

import pytest

from agent.migrate import migrate
from local import LocalStack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """A local stack, migrated."""
    with LocalStack() as running:
        migrate(running.database_url)
        running.reload_schema()
        yield running
