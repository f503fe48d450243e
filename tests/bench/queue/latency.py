"""How long an inserted job waits for an idle agent.

Measured on the local stack and on the database's clock (``started_at - created_at``), with the
agent's own store and wake-up in this process, with Realtime and without.
"""

import random
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg

from agent.credentials import Credentials
from agent.migrate import migrate
from agent.settings import Settings, load_settings
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from agent.wakeup import PollOnly, RealtimeWakeup
from local import LocalStack
from tests.agent.queue import Queue
from tests.bench.queue.contenders.ours import MODELS
from tests.bench.queue.table import Cell, Table

POLL_S = 5.0
POLL_ALONE_S = 1.0
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Latency:
    """Over that many jobs, one after the other."""

    jobs: int = 200
    jobs_without_realtime: int = 30

    def table(self) -> Table:
        with LocalStack() as stack:
            migrate(stack.database_url)
            stack.reload_schema()
            settings = load_settings(SUPABASE_URL=stack.url, SUPABASE_KEY=stack.secret_key)
            with psycopg.connect(stack.database_url, autocommit=True) as connection:
                queue = Queue(connection)
                rows = (
                    row("with Realtime, poll 5 s", self._with_realtime(stack, settings, queue)),
                    row("without Realtime, poll 1 s", self._without_realtime(settings, queue)),
                )
        return Table("Insert to claimed, local stack, idle agent, ms", ("", "jobs", "p50", "p99", "most"), rows)

    def _with_realtime(self, stack: LocalStack, settings: Settings, queue: Queue) -> list[float]:
        with RealtimeWakeup(stack.url, Credentials(stack.secret_key)) as wakeup:
            start = time.perf_counter()
            wakeup.wait(PATIENCE_S)  # ends once it is subscribed
            assert time.perf_counter() - start < PATIENCE_S, "Realtime did not come up."
            with claiming(settings, wakeup, POLL_S):
                return waits_ms(queue, self.jobs)

    def _without_realtime(self, settings: Settings, queue: Queue) -> list[float]:
        with claiming(settings, PollOnly(), POLL_ALONE_S):
            return waits_ms(queue, self.jobs_without_realtime)


class Claimer(threading.Thread):
    """Claims as the worker does, and drops each job at once."""

    def __init__(self, store: SupabaseStore, wakeup: PollOnly, poll_seconds: float) -> None:
        super().__init__()
        self._store, self._wakeup, self._poll_seconds = store, wakeup, poll_seconds
        self.leaving = False

    def run(self) -> None:
        while not self.leaving:
            lease = self._store.claim(uuid.uuid4())
            if lease is None:
                self._wakeup.wait(self._poll_seconds * random.uniform(0.7, 0.95))
            else:
                self._store.fail(lease, {"code": "dropped", "message": "Only the claim counts."}, transient=False)


@contextmanager
def claiming(settings: Settings, wakeup: PollOnly, poll_seconds: float) -> Iterator[None]:
    """An idle claimer."""
    card = AgentCard(id=uuid.uuid4(), name="bench", version="0", hardware={}, models=MODELS)
    with closing(SupabaseStore(settings, card)) as store:
        store.register()
        claimer = Claimer(store, wakeup, poll_seconds)
        claimer.start()
        try:
            yield
        finally:
            claimer.leaving = True
            wakeup.wake()
            claimer.join()


def waits_ms(queue: Queue, jobs: int) -> list[float]:
    """Of jobs one after the other with a pause, so that the claimer is idle again."""
    waits = []
    for _ in range(jobs):
        time.sleep(random.uniform(0.1, 0.3))
        job = queue.insert()
        row = queue.await_job(job, lambda row: row["finished_at"] is not None)
        waits.append(1e3 * (row["started_at"] - row["created_at"]).total_seconds())
    return waits


def row(name: str, waits: list[float]) -> tuple[Cell, ...]:
    p99 = statistics.quantiles(waits, n=100, method="inclusive")[98]
    return (name, len(waits), statistics.median(waits), p99, max(waits))
