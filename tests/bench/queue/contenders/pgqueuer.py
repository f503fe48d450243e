"""pgqueuer 1, as its documentation has it (github.com/janbjorge/pgqueuer, docs/guides/performance-tuning.md)."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueEntrypoint, QueueExecutionMode, QueueManagerId
from psycopg.rows import dict_row

from tests.bench.queue.contenders.contender import Contender
from tests.bench.queue.postgres import BenchPostgres

#: PgQueuer.run's own: 10 jobs a fetch, as many in a flush; every table is logged ("durable").
DEFAULTS: Mapping[str, Any] = {}
#: performance-tuning.md: larger batches for jobs under a second, 25 in its example. With `pgq autovac`, see `autovac`.
#: Its faster levels of durability are left out: a crash loses what they save.
TUNED: Mapping[str, Any] = {"batch_size": 25}

HEARTBEAT_TIMEOUT = timedelta(seconds=30)  # PgQueuer.run's default


class _PgQueuer(Contender):
    unfinished = "select count(*) as count from pgqueuer"

    def fill(self, uri: str, jobs: int) -> None:
        async def fill(queries: Queries) -> None:
            await queries.clear_queue()
            await queries.clear_queue_log()
            await queries.clear_statistics_log()
            await queries.enqueue(["nothing"] * jobs, [None] * jobs, [0] * jobs)

        asyncio.run(_with_queries(uri, fill))


@dataclass(frozen=True)
class Pgqueuer(_PgQueuer):
    """The framework's own worker, as in the drain mode of its benchmark, over psycopg without uvloop."""

    worker: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)
    #: Whether `pgq autovac` is run once: scale factor 0.01, no cost delay, fillfactor 70.
    autovac: bool = False
    stretch = 5

    def install(self, postgres: BenchPostgres) -> None:
        async def install(queries: Queries) -> None:
            await queries.install()
            if self.autovac:
                await queries.optimize_autovacuum()

        asyncio.run(_with_queries(postgres.create(self.database), install))

    def work(self, uri: str) -> None:
        asyncio.run(_with_queries(uri, lambda queries: self._run(queries, uri)))

    async def _run(self, queries: Queries, uri: str) -> None:
        worker = PgQueuer(queries.driver)

        @worker.entrypoint("nothing")
        async def nothing(job: Job) -> None:
            pass

        running = asyncio.create_task(worker.run(mode=QueueExecutionMode.drain, **self.worker))
        await asyncio.wait([running, asyncio.create_task(_drained(worker, uri))], return_when=asyncio.FIRST_COMPLETED)
        # It would take four seconds to leave: its listener holds the connection, a second at a time.
        logging.getLogger("psycopg").setLevel(logging.ERROR)  # warns of what the cancellation interrupts
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _drained(worker: PgQueuer, uri: str) -> None:
    """Returns when it finds nothing to do and all that was begun, here or elsewhere, is written."""
    await worker.shutdown.wait()
    async with await psycopg.AsyncConnection.connect(uri, autocommit=True) as connection:
        while await (await connection.execute("select from pgqueuer limit 1")).fetchone() is not None:
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class PgqueuerQueries(_PgQueuer):
    """Its two statements alone, for one job at a time, in the loop that ours has."""

    def install(self, postgres: BenchPostgres) -> None:
        asyncio.run(_with_queries(postgres.create(self.database), Queries.install))

    def work(self, uri: str) -> None:
        builder, manager = QueryQueueBuilder(), QueueManagerId(uuid.uuid4())
        finish = builder.build_log_job_query().encode()
        with psycopg.connect(uri, autocommit=True, row_factory=dict_row) as connection:
            connection.cursor_factory = psycopg.RawCursor  # takes $1, as the library's own driver does
            fetch = builder.build_dequeue_query(
                batch_size=1,
                entrypoints=[QueueEntrypoint("nothing")],
                concurrency_limits=[0],
                queue_manager_id=manager,
                global_concurrency_limit=None,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
            )
            query = fetch.sql.encode()
            while row := connection.execute(query, fetch.args).fetchone():
                connection.execute(finish, [[row["id"]], ["successful"], [None]])


async def _with_queries(uri: str, act: Callable[[Queries], Awaitable[None]]) -> None:
    async with await psycopg.AsyncConnection.connect(uri, autocommit=True) as connection:
        await act(Queries(PsycopgDriver(connection)))
