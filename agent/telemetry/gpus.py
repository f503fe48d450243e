"""The machine's GPUs, read when they are asked for."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agent.telemetry.patient import Patient
from benchmark import GpuReading, gpu_readings

_PATIENCE_SECONDS = 2.0
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
    """A collector. A driver that does not answer within 2 s gives no samples but ``arena_gpu_driver_answers 0``."""

    def __init__(
        self, read: Callable[[], Sequence[GpuReading]] = gpu_readings, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        self._driver = Patient(read, patience_seconds, "gpus")

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        readings = self._readings()
        yield _gauge("arena_gpu_driver_answers", "Whether the driver answers.", float(readings is not None))
        yield _gauge("arena_gpus", "GPUs that answer.", None if readings is None else float(len(readings)))
        for kind, name, text, figure in _FIGURES:
            family = kind(name, text, labels=_LABELS)
            for each in readings or ():
                value = getattr(each, figure)
                if value is not None:
                    family.add_metric([str(each.index), each.uuid, each.name], float(value))
            yield family

    def _readings(self) -> Sequence[GpuReading] | None:
        try:
            return self._driver.ask()
        except TimeoutError:
            return None


def _gauge(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric([], value)
    return family
