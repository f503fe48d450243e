"""Waiting for something in the database to be so, without guessing how long it takes."""

import time

from tests.sql.database import Database


def wait_until_blocked(observer: Database, waiter: Database) -> None:
    """Return once the waiter's backend waits for a lock; fails after 30 s."""
    pid = waiter.connection.info.backend_pid
    end = time.monotonic() + 30
    while not observer.value("select cardinality(pg_blocking_pids(%s)) > 0", pid):
        assert time.monotonic() < end, "It never waited."
        time.sleep(0.01)
