"""A GPU as its driver shows it. Its library is imported where it is used, for most machines have none."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU."""

    name: str
    driver: str
    #: As the driver writes it: `GPU-…`.
    uuid: str
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
            name, driver = _text(pynvml.nvmlDeviceGetName(handle)), _text(pynvml.nvmlSystemGetDriverVersion())
            return Gpu(name, driver, uuid, handle)
        except pynvml.NVMLError:
            return None

    def energy_mj(self) -> int | None:
        """Energy in mJ since the driver was loaded; None on a GPU without a counter (before Volta)."""
        import pynvml

        try:
            return int(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except pynvml.NVMLError:
            return None


def gpu_names() -> list[str]:
    """NVIDIA GPUs of this machine, in the driver's order; empty where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        return [_text(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index))) for index in range(count)]
    except pynvml.NVMLError:
        return []


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
