"""A GPU as its driver shows it. Its library is imported where it is used, for most machines have none."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

_T = TypeVar("_T")

#: Why a clock is lower than it could be: bits of the driver's figure (`nvmlClocksEventReasons…` in nvml.h).
_CLOCK_REASONS = {
    0x1: "idle",
    0x2: "clocks set by an application",
    0x4: "power limit",
    0x8: "hardware slowdown",
    0x10: "kept in step with other GPUs",
    0x20: "heat",
    0x40: "heat, by the hardware",
    0x80: "power brake",
    0x100: "display clock",
}


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU."""

    name: str
    driver: str
    #: As the driver writes it: `GPU-…`.
    uuid: str
    #: As torch names it: `cuda` or `cuda:0`.
    device: str
    _handle: Any

    @staticmethod
    def find(device: str) -> "Gpu | None":
        """The GPU of a torch device; None for `cpu` or where there is no driver.

        torch may number GPUs otherwise than the driver (CUDA_VISIBLE_DEVICES), so it is found by its UUID.
        """
        if not device.startswith("cuda"):
            return None
        import pynvml
        import torch

        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        try:
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
            name, driver = text_of(pynvml.nvmlDeviceGetName(handle)), text_of(pynvml.nvmlSystemGetDriverVersion())
            return Gpu(name, driver, uuid, device, handle)
        except pynvml.NVMLError:
            return None

    def energy_mj(self) -> int | None:
        """Energy in mJ since the driver was loaded; None on a GPU without a counter (before Volta)."""
        import pynvml

        return asked(lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)))

    def process_mb(self, pid: int) -> float | None:
        """Memory of a process on it in MiB, the CUDA context included.

        None where the driver does not know the process: in a container it may count by the host's process ids.
        """
        used = [process.usedGpuMemory for process in _processes(self._handle) or () if process.pid == pid]
        known = [each for each in used if each is not None]
        return sum(known) / 2**20 if known and len(known) == len(used) else None


def gpu_names() -> list[str]:
    """NVIDIA GPUs of this machine, in the driver's order; empty where there is no driver."""
    import pynvml

    return [text_of(pynvml.nvmlDeviceGetName(handle)) for _, handle in handles()]


def gpu_states(pids: Collection[int] = ()) -> list[dict[str, Any]]:
    """How each GPU of this machine is now, in the driver's order; None for what it does not tell.

    Clocks in MHz, temperature in °C, power limit in W, utilisation in % over the last second or less.
    `own_processes` are this one and `pids` as far as they compute on it, `foreign_processes` are the others. In a
    container the driver may count by the host's process ids, and then none is our own.
    """
    return [_state(handle, {os.getpid(), *pids}) for _, handle in handles()]


def _state(handle: Any, ours: Collection[int]) -> dict[str, Any]:
    import pynvml as nvml

    processes = _processes(handle)
    return {
        "sm_mhz": asked(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
        "memory_mhz": asked(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM)),
        "max_sm_mhz": asked(lambda: nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_SM)),
        "temperature_c": asked(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        "power_limit_w": asked(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3),
        "performance_state": asked(lambda: f"P{nvml.nvmlDeviceGetPerformanceState(handle)}"),
        "throttle_reasons": asked(lambda: _reasons(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))),
        "utilisation_percent": asked(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        "persistence_mode": asked(lambda: bool(nvml.nvmlDeviceGetPersistenceMode(handle))),
        "own_processes": None if processes is None else sum(each.pid in ours for each in processes),
        "foreign_processes": None if processes is None else sum(each.pid not in ours for each in processes),
    }


def _reasons(bits: int) -> list[str]:
    return [word for bit, word in _CLOCK_REASONS.items() if bits & bit]


def _processes(handle: Any) -> list[Any] | None:
    import pynvml

    return asked(lambda: list(pynvml.nvmlDeviceGetComputeRunningProcesses(handle)))


def handles() -> list[tuple[int, Any]]:
    """Number and handle of each GPU that the driver shows and that answers; empty where there is no driver."""
    import pynvml

    def count() -> int:
        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetCount())

    found = [asked(partial(pynvml.nvmlDeviceGetHandleByIndex, index)) for index in range(asked(count) or 0)]
    return [(index, handle) for index, handle in enumerate(found) if handle is not None]


def asked(question: Callable[[], _T]) -> _T | None:
    """What the driver answers; None where it does not."""
    import pynvml

    try:
        return question()
    except pynvml.NVMLError:
        return None


def text_of(value: str | bytes) -> str:
    """What the driver says, of which versions of its library differ."""
    return value.decode() if isinstance(value, bytes) else value
