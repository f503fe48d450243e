"""How long a claim takes as the table grows: with jobs that wait, that are done, and that are for other agents.

Every size has a database of its own, and the sizes are asked in turn, forth and back, so that the
machine's drift hits all alike. A claimed job is released outside the timing.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

from tests.bench.queue.contenders.ours import MODELS, Agent
from tests.bench.queue.postgres import BenchPostgres
from tests.bench.queue.table import Cell, Table

IMAGES = [{"image_path": f"storage://scenes/street-{number:05}.jpg", "car_count": number % 9} for number in range(20)]
WARM_UP = 10
OTHERS_MODELS = [MODELS[0], "detectron2"]
"""Of which an agent with MODELS has but one."""
IDLE_MODELS = ["efficientnet_b0"]
"""Of an agent for which there is nothing at all."""

# A second apart, as with jobs that came one by one.
_PENDING = """
insert into public.jobs (model_a, model_b, images, priority, run_at, created_at)
select %(a)s, %(b)s, %(images)s, %(priority)s, at, at
from (select clock_timestamp() - make_interval(secs => n) as at from generate_series(1, %(jobs)s) n) times
"""
# With their attempts, which a claim looks into; their results it never reads.
_FINISHED = """
with done as (
  insert into public.jobs (model_a, model_b, images, status, attempt, run_at, created_at, started_at, finished_at)
  select %(a)s, %(b)s, %(images)s, 'succeeded', 1, at, at, at, at + interval '9 s'
  from (select clock_timestamp() - make_interval(days => 1, secs => n) as at from generate_series(1, %(jobs)s) n) times
  returning id, started_at, finished_at
)
insert into public.job_attempts (lease_token, job_id, attempt, agent_id, request_id, started_at, ended_at, outcome)
select gen_random_uuid(), id, 1, %(agent)s, gen_random_uuid(), started_at, finished_at, 'succeeded' from done
"""


@dataclass(frozen=True)
class Growth:
    """Median claims at several sizes."""

    postgres: BenchPostgres
    rounds: int
    claims: int = 5
    vain: bool = False

    def medians_ms(self, databases: Sequence[str]) -> list[float]:
        """Of ``rounds`` times ``claims`` claims in each."""
        models = IDLE_MODELS if self.vain else MODELS
        with ExitStack() as connections:
            agents = [
                Agent(connections.enter_context(connect(self.postgres, database)), models=models)
                for database in databases
            ]
            for agent in agents:
                agent.register()
                claims_ms(agent, WARM_UP, vain=self.vain)
            times: list[list[float]] = [[] for _ in agents]
            for number in range(self.rounds):
                order = list(zip(agents, times, strict=True))
                for agent, of_agent in order if number % 2 == 0 else reversed(order):
                    of_agent += claims_ms(agent, self.claims, vain=self.vain)
        return [statistics.median(of_agent) for of_agent in times]

    def table(self, kind: str, sizes: Sequence[int], databases: Sequence[str]) -> Table:
        medians = self.medians_ms(databases)
        rows: list[tuple[Cell, ...]] = [
            (f"{size:,}", median, median / medians[0]) for size, median in zip(sizes, medians, strict=True)
        ]
        note = f"Medians of {self.rounds * self.claims} claims, {len(IMAGES)} images a job, sizes in turn."
        return Table(f"A claim beside {kind}", (kind, "claim ms", "to the first"), tuple(rows), note)


@dataclass(frozen=True)
class Backlog:
    """Claims from more and more pending jobs."""

    postgres: BenchPostgres
    sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    rounds: int = 60

    def table(self) -> Table:
        databases = [f"backlog_{size}" for size in self.sizes]
        for database, size in zip(databases, self.sizes, strict=True):
            self.postgres.create_arena(database)
            fill(self.postgres, database, pending=size)
        return Growth(self.postgres, self.rounds).table("pending jobs", self.sizes, databases)


@dataclass(frozen=True)
class Finished:
    """Claims from a few pending jobs among more and more finished ones."""

    postgres: BenchPostgres
    sizes: tuple[int, ...] = (0, 10_000, 100_000, 1_000_000)
    pending: int = 1_000
    rounds: int = 60

    def table(self) -> Table:
        databases = [f"finished_{size}" for size in self.sizes]
        for database, size in zip(databases, self.sizes, strict=True):
            self.postgres.create_arena(database)
            fill(self.postgres, database, pending=self.pending, finished=size)
        return Growth(self.postgres, self.rounds).table("finished jobs", self.sizes, databases)


@dataclass(frozen=True)
class Foreign:
    """Claims past more and more pending jobs that the agent cannot run, all of a higher priority than its own."""

    postgres: BenchPostgres
    sizes: tuple[int, ...] = (0, 1_000, 10_000, 100_000)
    pending: int = 100
    rounds: int = 60

    def table(self) -> Table:
        databases = [f"foreign_{size}" for size in self.sizes]
        for database, size in zip(databases, self.sizes, strict=True):
            self.postgres.create_arena(database)
            fill(self.postgres, database, pending=self.pending, foreign=size)
        found = Growth(self.postgres, self.rounds).table("foreign jobs", self.sizes, databases)
        vain = Growth(self.postgres, self.rounds, vain=True).table("foreign jobs", self.sizes, databases)
        return Table(
            "A claim past pending jobs that the agent cannot run",
            ("foreign jobs", "claim ms", "to the first", "vain claim ms", "to the first"),
            tuple((*row, *vain_row[1:]) for row, vain_row in zip(found.rows, vain.rows, strict=True)),
            f"{found.note} {self.pending} of the agent's own behind them; vain: of an agent that can run none of all.",
        )


def fill(postgres: BenchPostgres, database: str, pending: int, finished: int = 0, foreign: int = 0) -> None:
    """Put in jobs past triggers and foreign keys, then vacuum, analyze and checkpoint."""
    values = {"a": MODELS[0], "b": MODELS[1], "images": Jsonb(IMAGES), "agent": "00000000-0000-0000-0000-000000000001"}
    others = {"a": OTHERS_MODELS[0], "b": OTHERS_MODELS[1], "priority": 1}
    with connect(postgres, database) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set synchronous_commit = off")
        connection.execute(_FINISHED, values | {"jobs": finished})
        connection.execute(_PENDING, values | others | {"jobs": foreign})
        connection.execute(_PENDING, values | {"jobs": pending, "priority": 0})
    postgres.settle(database)


def connect(postgres: BenchPostgres, database: str) -> psycopg.Connection:
    return psycopg.connect(postgres.uri(database), autocommit=True)


def claims_ms(agent: Agent, claims: int, *, vain: bool) -> list[float]:
    """What each took; the job, if there is one, is given back at once."""
    times = []
    for _ in range(claims):
        start = time.perf_counter()
        lease = agent.claim()
        times.append(1e3 * (time.perf_counter() - start))
        assert (lease is None) == vain
        if lease:
            agent.release(*lease)
    return times
