"""Waiting for something in the database to be so, without guessing how long it takes."""

import time
from collections.abc import Callable

from tests.sql.database import Database


def until(true: Callable[[], object], otherwise: str, seconds: float = 30.0) -> None:
    """Return once it is so; fails after ``seconds``, and says ``otherwise``."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)


def wait_until_blocked(observer: Database, waiter: Database) -> None:
    """Return once the waiter's backend waits for a lock; fails after 30 s."""
    pid = waiter.connection.info.backend_pid
    until(lambda: observer.value("select cardinality(pg_blocking_pids(%s)) > 0", pid), "It never waited.")
