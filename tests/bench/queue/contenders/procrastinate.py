"""Procrastinate 3, as its documentation has it (github.com/procrastinate-org/procrastinate, docs/)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import procrastinate
import psycopg
from procrastinate import sql
from psycopg.rows import dict_row

from tests.bench.queue.contenders.contender import Contender
from tests.bench.queue.postgres import BenchPostgres

#: run_worker's own: concurrency 1, LISTEN/NOTIFY, finished jobs and their events stay.
DEFAULTS: Mapping[str, Any] = {}
#: howto/production/connections.md saves the listener; howto/production/delete_finished_jobs.md keeps the table small.
#: howto/production/concurrency.md offers 30 sub-workers too, for jobs that wait: empty jobs get slower with each.
TUNED: Mapping[str, Any] = {"listen_notify": False, "delete_jobs": "always"}
#: discussions.md, "Mind the size of your PostgreSQL pool": for short jobs as many connections as sub-workers, plus one.
TUNED_POOL: Mapping[str, Any] = {"min_size": 2, "max_size": 2}

_DEFER = """
select count(procrastinate_defer_jobs_v1(
  array[row('default', 'nothing', 0, null, null, '{}', null)]::procrastinate_job_to_defer_v1[]))
from generate_series(1, %s)
"""


class _Procrastinate(Contender):
    unfinished = "select count(*) as count from procrastinate_jobs where status in ('todo', 'doing')"

    def install(self, postgres: BenchPostgres) -> None:
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=postgres.create(self.database)))
        with app.open():
            app.schema_manager.apply_schema()

    def fill(self, uri: str, jobs: int) -> None:
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("truncate procrastinate_jobs cascade")
            connection.execute(_DEFER, [jobs])


@dataclass(frozen=True)
class Procrastinate(_Procrastinate):
    """The framework's own worker, as in its benchmark: `run_worker(wait=False)` over a filled queue."""

    worker: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)
    pool: Mapping[str, Any] = field(default_factory=dict)

    def work(self, uri: str) -> None:
        asyncio.run(self._run(uri))

    async def _run(self, uri: str) -> None:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=uri, **self.pool))

        @app.task(name="nothing")
        async def nothing() -> None:
            pass

        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False, **self.worker)


class ProcrastinateQueries(_Procrastinate):
    """Its two statements alone, in the loop that ours has: what its SQL costs without its Python."""

    def work(self, uri: str) -> None:
        with psycopg.connect(uri, autocommit=True, row_factory=dict_row) as connection:
            worker = connection.execute("select worker_id from procrastinate_register_worker_v1()").fetchone()
            fetch = {"queues": None, **(worker or {})}
            while (job := _first(connection, fetch)) is not None:
                finish = {"job_id": job, "status": "succeeded", "delete_job": False}
                connection.execute(sql.queries["finish_job"].encode(), finish)


def _first(connection: psycopg.Connection[dict[str, Any]], values: dict[str, Any]) -> Any:
    row = connection.execute(sql.queries["fetch_job"].encode(), values).fetchone()
    assert row is not None
    return row["id"]  # null where there is none
