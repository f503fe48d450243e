"""What each GPU takes at this moment, for whoever watches the machine."""

from dataclasses import dataclass
from typing import Any

from benchmark.measure.gpu import asked, handles, text_of


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One NVIDIA GPU; None for what its driver does not tell."""

    #: In the driver's order.
    index: int
    #: As the driver writes it: `GPU-…`.
    uuid: str
    name: str
    #: Of all processes, those of others too.
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    #: Since the driver was loaded; a GPU before Volta has no counter.
    energy_j: float | None
    power_w: float | None
    temperature_c: float | None
    #: Share of the last second or less in which a kernel ran, 0–1.
    utilisation: float | None


def gpu_readings() -> list[GpuReading]:
    """Of the GPUs that answer; empty where there is no driver. Takes some milliseconds."""
    return [_reading(index, handle) for index, handle in handles()]


def _reading(index: int, handle: Any) -> GpuReading:
    import pynvml as nvml

    memory = asked(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    return GpuReading(
        index=index,
        uuid=text_of(asked(lambda: nvml.nvmlDeviceGetUUID(handle)) or ""),
        name=text_of(asked(lambda: nvml.nvmlDeviceGetName(handle)) or ""),
        memory_used_bytes=int(memory.used) if memory else None,
        memory_total_bytes=int(memory.total) if memory else None,
        energy_j=asked(lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3),
        power_w=asked(lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1e3),
        temperature_c=asked(lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))),
        utilisation=asked(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100),
    )
