"""How long an inserted job waits for an idle agent: ``python -m tests.bench.claim_latency``.

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

import psycopg

from agent.migrate import migrate
from agent.settings import Settings, load_settings
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from agent.wakeup import PollOnly, RealtimeWakeup
from local import LocalStack
from tests.agent.queue import Queue

JOBS = 50
POLL_SECONDS = 5.0
POLL_SECONDS_ALONE = 1.0


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
                self._wakeup.wait(self._poll_seconds * random.uniform(0.8, 1.2))
            else:
                self._store.fail(lease, {"code": "dropped", "message": "Only the claim counts."}, transient=False)


@contextmanager
def claiming(settings: Settings, wakeup: PollOnly, poll_seconds: float) -> Iterator[None]:
    """An idle claimer."""
    card = AgentCard(
        id=uuid.uuid4(), name="bench", version="0", hardware={}, models=["Trained_yolov5", "Trained_yolov8"]
    )
    with closing(SupabaseStore(settings, card)) as store:
        store.register()
        claimer = Claimer(store, wakeup, poll_seconds)
        claimer.start()
        yield
        claimer.leaving = True
        wakeup.wake()
        claimer.join()


def waits_ms(queue: Queue) -> list[float]:
    """Of JOBS jobs, one after the other with a pause, so that the claimer is idle again."""
    waits = []
    for _ in range(JOBS):
        time.sleep(random.uniform(0.1, 0.3))
        job = queue.insert()
        row = queue.await_job(job, lambda row: row["finished_at"] is not None)
        waits.append(1e3 * (row["started_at"] - row["created_at"]).total_seconds())
    return waits


def show(name: str, waits: list[float]) -> None:
    p99 = statistics.quantiles(waits, n=100, method="inclusive")[98]
    print(f"{name:<28} {statistics.median(waits):>8.0f} {p99:>8.0f} {max(waits):>8.0f}")  # noqa: T201


def main() -> None:
    """Measure both ways and print a table."""
    with LocalStack() as stack:
        migrate(stack.database_url)
        stack.reload_schema()
        settings = load_settings(SUPABASE_URL=stack.url, SUPABASE_KEY=stack.secret_key)
        print(f"insert to claimed, {JOBS} jobs, ms    median      p99      max")  # noqa: T201
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            queue = Queue(connection)
            with RealtimeWakeup(stack.url, stack.secret_key) as wakeup:
                wakeup.wait(30.0)
                with claiming(settings, wakeup, POLL_SECONDS):
                    show("with Realtime, poll 5 s", waits_ms(queue))
            with claiming(settings, PollOnly(), POLL_SECONDS_ALONE):
                show("without Realtime, poll 1 s", waits_ms(queue))


if __name__ == "__main__":
    main()
