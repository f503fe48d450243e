"""What one job costs the database, and that a heartbeat is no news."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from agent.migrate import migrate
from local import LocalStack
from tests.bench.queue.contenders.ours import MODELS, Agent
from tests.bench.queue.growth import IMAGES
from tests.bench.queue.postgres import BenchPostgres, Spent
from tests.bench.queue.table import Cell, Table
from tests.local.listener import Data, Listener, listening

RENEWALS = 3
#: Both sides, eight cars an image.
IMAGE_RESULTS: list[dict[str, object]] = [
    {
        "side": side,
        "image_index": index,
        "predicted_count": 8,
        "latency_ms": 12.345,
        "detections": [
            {"box": [10.5 * car, 20.25, 10.5 * car + 80.75, 90.125], "score": 0.87654, "class": "car"}
            for car in range(8)
        ],
    }
    for side in "ab"
    for index in range(len(IMAGES))
]


@dataclass
class Cost:
    """Averages over ``jobs`` jobs, step by step."""

    postgres: BenchPostgres
    jobs: int = 200
    database: str = "cost"
    agent_id: UUID = field(default_factory=uuid4)
    leases: list[tuple[UUID, UUID]] = field(default_factory=list)

    def table(self) -> Table:
        with psycopg.connect(self.postgres.create_arena(self.database), autocommit=True) as connection:
            Agent(connection, self.agent_id).register()
        steps = {
            "insert": self._insert,
            "claim": self._claim,
            f"{RENEWALS} renewals": self._renew,
            f"complete, {len(IMAGES)} images": self._complete,
        }
        spent = {name: self._spent(step) for name, step in steps.items()}
        spent["together"] = [sum(figures) for figures in zip(*spent.values(), strict=True)]
        rows: tuple[tuple[Cell, ...], ...] = tuple((name, *figures) for name, figures in spent.items())
        note = f"Mean of {self.jobs} jobs, each step right after a checkpoint. Detections: 8 cars an image and side."
        return Table("What a job costs", ("a job", *Spent.columns()), rows, note)

    def _spent(self, step: Callable[[psycopg.Connection], None]) -> list[float]:
        self.postgres.settle(self.database)
        with (
            self.postgres.spending(self.database) as spent,
            psycopg.connect(self.postgres.uri(self.database), autocommit=True) as connection,
        ):
            step(connection)
        return spent.per(self.jobs)

    def _insert(self, connection: psycopg.Connection) -> None:
        for _ in range(self.jobs):
            connection.execute(
                "insert into public.jobs (model_a, model_b, images) values (%s, %s, %s)", [*MODELS, Jsonb(IMAGES)]
            )

    def _claim(self, connection: psycopg.Connection) -> None:
        agent = Agent(connection, self.agent_id)
        while lease := agent.claim():
            self.leases.append(lease)

    def _renew(self, connection: psycopg.Connection) -> None:
        agent = Agent(connection, self.agent_id)
        for _ in range(RENEWALS):
            for lease in self.leases:
                agent.renew(*lease)

    def _complete(self, connection: psycopg.Connection) -> None:
        agent = Agent(connection, self.agent_id)
        for lease in self.leases:
            agent.complete(*lease, IMAGE_RESULTS)


@dataclass(frozen=True)
class Heartbeats:
    """Realtime messages that renewals without progress cause, on every published table."""

    renewals: int = 100

    def table(self) -> Table:
        with LocalStack() as stack:
            migrate(stack.database_url)
            stack.reload_schema()
            counts = asyncio.run(self._count(stack))
        rows: tuple[tuple[Cell, ...], ...] = tuple(counts.items())
        note = "Of the completion that follows, each table sends one message: that one arrived, and is not counted."
        return Table(f"Realtime messages of {self.renewals} renewals", ("table", "messages"), rows, note)

    async def _count(self, stack: LocalStack) -> dict[str, int]:
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            agent = Agent(connection)
            agent.register()
            connection.execute(
                "insert into public.jobs (model_a, model_b, images) values (%s, %s, %s)", [*MODELS, Jsonb(IMAGES)]
            )
            lease = agent.claim()
            assert lease is not None
            async with AsyncExitStack() as stacked:
                listeners = {
                    table: await stacked.enter_async_context(
                        listening(stack, key=stack.secret_key, schema="public", table=table)
                    )
                    for table in published(connection)
                }
                for _ in range(self.renewals):
                    agent.renew(*lease)
                agent.complete(*lease)
                return {table: await _before_the_last(listener) for table, listener in listeners.items()}


def published(connection: psycopg.Connection) -> list[str]:
    """The tables that Realtime carries."""
    query = "select tablename from pg_publication_tables where pubname = 'supabase_realtime' order by 1"
    return [str(name) for (name,) in connection.execute(query)]


async def _before_the_last(listener: Listener) -> int:
    """How many messages came before that of the completion, which is the last write of all."""
    count = 0
    while not _is_of_the_completion(await listener.next()):
        count += 1
    return count


def _is_of_the_completion(change: Data) -> bool:
    record = change["record"]
    return change["table"] in ("comparison_results", "machines") or record["status"] in ("succeeded", "idle")
