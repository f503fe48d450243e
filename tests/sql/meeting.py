"""Calls of several connections that really meet: one holds its transaction open while the other comes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Barrier
from typing import TypeVar

import psycopg

from tests.sql.database import Database, Held
from tests.sql.waiting import wait_until_blocked

First = TypeVar("First")
Second = TypeVar("Second")

PATIENCE_SECONDS = 30


@contextmanager
def more_connections(database: Database, number: int) -> Iterator[list[Database]]:
    """Further connections to the same database."""
    with ExitStack() as stack:
        others = [Database(database.uri) for _ in range(number)]
        for other in others:
            stack.callback(other.close)
        yield others


def meet(
    holder: Database, holds: Callable[[], First], waiter: Database, waits: Callable[[], Second]
) -> tuple[First, Second]:
    """Call `holds`, and `waits` before the first has committed: it must wait for it. Gives what both said."""
    with ThreadPoolExecutor(1) as thread:
        with holder.connection.transaction():
            first = holds()
            second = thread.submit(waits)
            wait_until_blocked(holder, waiter)
        return first, second.result(timeout=PATIENCE_SECONDS)


def all_at_once(calls: Sequence[Callable[[], First]]) -> list[First]:
    """Start the calls in the same moment, each in a thread of its own; gives what they said."""
    barrier = Barrier(len(calls))

    def start(call: Callable[[], First]) -> First:
        barrier.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(start, calls))


def told(call: Callable[[], object]) -> str:
    """What the caller is told: the answer, or the SQLSTATE of the refusal."""
    try:
        return str(call())
    except psycopg.Error as error:
        return error.sqlstate or str(error)


@contextmanager
def begun_in_time(held: Held) -> Iterator[None]:
    """A transaction in which the lease is live, while it has run out for all others: a call that took too long."""
    database = held.database
    database.expire(held.job_id)
    with database.connection.transaction():
        database.rows("update public.job_leases set expires_at = deadline_at where job_id = %s", held.job_id)
        yield


def pass_time(database: Database, seconds: float) -> None:
    """Move every lease into the past, as if that time had gone by."""
    database.rows(
        "update public.job_leases set expires_at = expires_at - passed, renewed_at = renewed_at - passed,"
        " deadline_at = deadline_at - passed from make_interval(secs => %s) as passed",
        seconds,
    )
