"""NVIDIA's driver, as it says itself through its library NVML."""

from dataclasses import dataclass

#: NVML's codes for a machine without a driver: no library, or one that finds no driver below it (nvml.h).
_NO_DRIVER = {9, 12}


@dataclass(frozen=True, slots=True)
class Driver:
    """What there is of a driver on this machine."""

    #: None: there is no driver, or it does not answer.
    version: str | None = None
    #: GPUs that it lists.
    gpus: int = 0
    #: What NVML says where there is a driver that does not answer.
    refusal: str | None = None

    @staticmethod
    def find() -> "Driver":
        """That of this machine."""
        import pynvml

        try:
            pynvml.nvmlInit()
            version = pynvml.nvmlSystemGetDriverVersion()
            count = int(pynvml.nvmlDeviceGetCount())
        except pynvml.NVMLError as error:
            return Driver() if getattr(error, "value", None) in _NO_DRIVER else Driver(refusal=str(error))
        return Driver(version.decode() if isinstance(version, bytes) else version, count)
