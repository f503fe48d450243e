"""The machine's GPUs, read when they are asked for."""

import threading
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from benchmark import GpuReading, gpu_readings

_LABELS = ("gpu", "uuid", "name")
_FIGURES: tuple[tuple[type[CounterMetricFamily] | type[GaugeMetricFamily], str, str, str], ...] = (
    (GaugeMetricFamily, "arena_gpu_memory_used_bytes", "Memory that is taken, by whomever.", "memory_used_bytes"),
    (GaugeMetricFamily, "arena_gpu_memory_total_bytes", "Memory that there is.", "memory_total_bytes"),
    (CounterMetricFamily, "arena_gpu_energy_joules", "Energy since the driver was loaded.", "energy_j"),
    (GaugeMetricFamily, "arena_gpu_power_watts", "Power that it takes.", "power_w"),
    (GaugeMetricFamily, "arena_gpu_temperature_celsius", "How hot it is.", "temperature_c"),
    (GaugeMetricFamily, "arena_gpu_utilisation_ratio", "Share of the time in which a kernel ran.", "utilisation"),
)


class Gpus:
    """A collector; a driver that does not answer gives no samples."""

    def __init__(self, read: Callable[[], Sequence[GpuReading]] = gpu_readings) -> None:
        self._read = read
        self._reading = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        readings = self._readings()
        count = GaugeMetricFamily("arena_gpus", "GPUs that answer.")
        if readings is not None:
            count.add_metric([], float(len(readings)))
        yield count
        for kind, name, text, figure in _FIGURES:
            family = kind(name, text, labels=_LABELS)
            for each in readings or ():
                value = getattr(each, figure)
                if value is not None:
                    family.add_metric([str(each.index), each.uuid, each.name], float(value))
            yield family

    def _readings(self) -> Sequence[GpuReading] | None:
        """None while an earlier scrape still waits for the driver: one thread that hangs is enough."""
        if not self._reading.acquire(blocking=False):
            return None
        try:
            return self._read()
        finally:
            self._reading.release()
