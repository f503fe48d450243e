"""Claim and completion of empty jobs, beside Procrastinate and pgqueuer.

A worker is a process of its own with its own connections, for everyone. The queue is full before
they start. Jobs count once the database has committed their end: a watcher asks how many are left,
and the rate is that of the last nine tenths, so that nobody's start and end count.
"""

import multiprocessing
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import psycopg

from tests.bench.queue.contenders.contender import Contender
from tests.bench.queue.line_up import CONTENDERS, OURS
from tests.bench.queue.postgres import BenchPostgres, Spent
from tests.bench.queue.table import Cell, Table
from tests.sql.database import Row, connect

WARM_UP = 0.1
WATCH_S = 0.01
PATIENCE_S = 120.0

Rates = dict[tuple[str, int], list[float]]


@dataclass(frozen=True)
class Peers:
    """A race of several rounds over a queue of ``jobs``, in a new order each."""

    postgres: BenchPostgres
    jobs: int = 500
    rounds: int = 10
    workers: tuple[int, ...] = (1, 4)
    contenders: Sequence[Contender] = CONTENDERS

    def tables(self) -> list[Table]:
        """How fast each is, and what each does for a job."""
        for contender in self.contenders:
            contender.install(self.postgres)
        # Spawned, since psycopg's and asyncio's state must not be inherited.
        with ProcessPoolExecutor(max(self.workers), multiprocessing.get_context("spawn")) as pool:
            list(pool.map(time.sleep, [1.0] * max(self.workers)))  # so that all of them run before the first race
            return [self._speed(self._race(pool)), self._effort(pool)]

    def _race(self, pool: ProcessPoolExecutor) -> Rates:
        rates: Rates = {(contender.name, workers): [] for workers in self.workers for contender in self.contenders}
        for number in range(self.rounds):
            for workers in self.workers:
                for contender in random.Random(number).sample(self.contenders, len(self.contenders)):
                    rates[contender.name, workers].append(self._rate(contender, workers, pool))
        return rates

    def _rate(self, contender: Contender, workers: int, pool: ProcessPoolExecutor) -> float:
        """Jobs a second."""
        jobs, uri = self._fill(contender), self.postgres.uri(contender.database)
        working = [pool.submit(contender.work, uri) for _ in range(workers)]
        rate = watch(uri, contender, jobs, working)
        for worker in working:
            worker.result()
        return rate

    def _fill(self, contender: Contender) -> int:
        jobs = self.jobs * contender.stretch
        contender.fill(self.postgres.uri(contender.database), jobs)
        self.postgres.settle(contender.database)
        return jobs

    def _effort(self, pool: ProcessPoolExecutor) -> Table:
        rows: list[tuple[Cell, ...]] = []
        for contender in self.contenders:
            jobs = self._fill(contender)
            with self.postgres.spending(contender.database) as spent:
                pool.submit(contender.work, self.postgres.uri(contender.database)).result()
            rows.append((contender.name, *spent.per(jobs)))
        note = "Client statements count BEGIN, COMMIT and a pool's checks. Right after a checkpoint."
        return Table("What each does for a job", ("a job, 1 worker", *Spent.columns()), tuple(rows), note)

    def _speed(self, rates: Rates) -> Table:
        rows: list[tuple[Cell, ...]] = []
        for (name, workers), values in rates.items():
            ratios = [value / ours for value, ours in zip(values, rates[OURS.name, workers], strict=True)]
            speeds = (statistics.median(values), min(values), max(values))
            rows.append((name, workers, *speeds, statistics.median(ratios), min(ratios), max(ratios)))
        columns = ("claim + complete", "workers", "jobs/s", "least", "most", "to ours", "least", "most")
        note = (
            f"Medians of {self.rounds} rounds of {self.jobs} empty jobs, 5 times as many for pgqueuer's own workers."
            " To ours: in the same round."
        )
        return Table("Beside the peers", columns, tuple(rows), note)


def watch(uri: str, contender: Contender, jobs: int, working: list[Future[None]]) -> float:
    """Jobs finished a second, from the end of the warm-up until none is left."""
    with connect(uri) as watcher:
        start, counted = time.perf_counter(), jobs
        deadline, warm = start + PATIENCE_S, False
        while left := _left(watcher, contender):
            if not warm and left <= (1 - WARM_UP) * jobs:
                start, counted, warm = time.perf_counter(), left, True
            _still_going(working, left, time.perf_counter() < deadline)
            time.sleep(WATCH_S)
        return counted / (time.perf_counter() - start)


def _left(watcher: psycopg.Connection[Row], contender: Contender) -> int:
    (row,) = watcher.execute(contender.unfinished.encode()).fetchall()
    return int(row["count"])


def _still_going(working: list[Future[None]], left: int, in_time: bool) -> None:
    for worker in working:
        if worker.done():
            worker.result()
    assert in_time, f"{left} jobs are left."
