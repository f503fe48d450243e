"""Whether the workers of a process are alive, and whether one can claim."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from agent.job_watch import NobodyWatches
from agent.log import scrub

_SILENT_SECONDS = 120.0


@dataclass
class _Worker:
    beat_at: float
    problem: str | None = "It has not asked for a job yet."


class Health:
    """What the workers last said of themselves; for any thread.

    As a collector of metrics it gives ``arena_alive`` and ``arena_ready``.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, silent_seconds: float = _SILENT_SECONDS) -> None:
        """A worker that was silent for `silent_seconds` is not called alive."""
        self._clock, self._silent_seconds = clock, silent_seconds
        self._lock = threading.Lock()
        self._workers: dict[str, _Worker] = {}

    def join(self, device: str) -> None:
        """There is a worker on that device now."""
        with self._lock:
            self._workers[device] = _Worker(self._clock())

    def beat(self, device: str) -> None:
        """That worker is alive."""
        with self._lock:
            if worker := self._workers.get(device):
                worker.beat_at = self._clock()

    def claims(self, device: str, problem: str | None) -> None:
        """That worker can claim, or why not."""
        with self._lock:
            if worker := self._workers.get(device):
                worker.beat_at, worker.problem = self._clock(), problem and scrub(problem)

    def leave(self, device: str) -> None:
        """That worker has ended, and rightly so."""
        with self._lock:
            self._workers.pop(device, None)

    def silent(self) -> dict[str, str | None]:
        """For each worker None, or what says that it is not alive."""
        with self._lock:
            ages = {device: self._clock() - worker.beat_at for device, worker in self._workers.items()}
        return {
            device: f"No sign of life for {age:.0f} s." if age > self._silent_seconds else None
            for device, age in ages.items()
        }

    def unready(self) -> dict[str, str | None]:
        """For each worker None, or why it cannot claim."""
        silent = self.silent()
        with self._lock:
            return {device: silent.get(device) or worker.problem for device, worker in self._workers.items()}

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        for name, text, found in (
            ("arena_alive", "Whether the worker has shown a sign of life within two minutes.", self.silent()),
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
        health.join(device)

    def beat(self) -> None:
        """See JobWatch."""
        self._health.beat(self._device)

    def claims(self, problem: str | None) -> None:
        """See JobWatch."""
        self._health.claims(self._device, problem)

    def leave(self) -> None:
        """See JobWatch."""
        self._health.leave(self._device)
