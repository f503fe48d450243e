"""Whether the workers of a process are alive, and whether one can claim."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from agent.job_watch import NobodyWatches
from agent.log import scrub

_SILENT_SECONDS = 120.0
_START_SECONDS = 300.0

LEAVING = "It is leaving."
"""What a worker says that claims no more; a claim that was under way is answered still."""


@dataclass
class _Worker:
    joined_at: float
    beat_at: float | None = None
    problem: str | None = "It has not asked for a job yet."


class Health:
    """What the workers last said of themselves; for any thread.

    A worker is alive for two minutes after each sign of life, and before its first one for the five minutes that a
    start may take. As a collector of metrics this gives ``arena_alive`` and ``arena_ready``.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began_at = clock, clock()
        self._lock = threading.Lock()
        self._workers: dict[str, _Worker] = {}
        self._has_begun = False

    def join(self, device: str) -> None:
        """There is a worker on that device, or there will be; said again, it changes nothing."""
        with self._lock:
            self._has_begun = True
            self._workers.setdefault(device, _Worker(self._clock()))

    def beat(self, device: str) -> None:
        """That worker is alive."""
        with self._lock:
            if worker := self._workers.get(device):
                worker.beat_at = self._clock()

    def claims(self, device: str, problem: str | None) -> None:
        """That worker can claim, or why not."""
        with self._lock:
            if worker := self._workers.get(device):
                worker.beat_at = self._clock()
                if worker.problem != LEAVING:
                    worker.problem = problem and scrub(problem)

    def leave(self, device: str) -> None:
        """That worker has ended, and rightly so."""
        with self._lock:
            self._workers.pop(device, None)

    def silent(self) -> dict[str, str | None]:
        """For each worker None, or what says that it is not alive."""
        with self._lock:
            return {device: self._silence(worker) for device, worker in self._workers.items()}

    def is_alive(self) -> bool:
        """Whether every worker is; without any, whether there may still be some or all have left."""
        may_start = self._has_begun or self._clock() - self._began_at <= _START_SECONDS
        return may_start and not any(self.silent().values())

    def _silence(self, worker: _Worker) -> str | None:
        if worker.beat_at is None:
            age = self._clock() - worker.joined_at
            return f"It has been starting for {age:.0f} s." if age > _START_SECONDS else None
        age = self._clock() - worker.beat_at
        return f"No sign of life for {age:.0f} s." if age > _SILENT_SECONDS else None

    def unready(self) -> dict[str, str | None]:
        """For each worker None, or why it cannot claim."""
        silent = self.silent()
        with self._lock:
            return {device: silent.get(device) or worker.problem for device, worker in self._workers.items()}

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        for name, text, found in (
            ("arena_alive", "Whether the worker has shown a sign of life in time, or may be starting.", self.silent()),
            ("arena_ready", "Whether the worker can claim: its last claim was answered.", self.unready()),
        ):
            family = GaugeMetricFamily(name, text, labels=["device"])
            for device, problem in found.items():
                family.add_metric([device], float(problem is None))
            yield family


class WorkerHealth(NobodyWatches):
    """A JobWatch that passes on what concerns the health."""

    def __init__(self, health: Health, device: str) -> None:
        self._health, self._device = health, device

    def beat(self) -> None:
        """See JobWatch."""
        self._health.beat(self._device)

    def claims(self, problem: str | None) -> None:
        """See JobWatch."""
        self._health.claims(self._device, problem)

    def leave(self) -> None:
        """See JobWatch."""
        self._health.leave(self._device)
