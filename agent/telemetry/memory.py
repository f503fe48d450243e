"""Memory of the agent's processes, read when it is asked for."""

from collections.abc import Iterator
from contextlib import suppress

import psutil
from prometheus_client.core import GaugeMetricFamily, Metric


class ResidentMemory:
    """A collector: this process, and all that it started together, which are the models' Hosts and little else."""

    def __init__(self) -> None:
        self._process = psutil.Process()

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        family = GaugeMetricFamily("arena_resident_memory_bytes", "Resident memory.", labels=["process"])
        with suppress(psutil.Error):
            family.add_metric(["agent"], _resident(self._process))
            family.add_metric(["models"], sum(map(_resident, self._process.children(recursive=True))))
        yield family


def _resident(process: psutil.Process) -> float:
    with suppress(psutil.Error):  # it has just ended
        return float(process.memory_info().rss)
    return 0.0
