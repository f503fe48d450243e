"""Memory of this process. Runs in the Host."""

import ctypes
import gc
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.measure.gpu import Gpu
from benchmark.measure.messages import Memory

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


class _Peak:
    """What the kernel keeps of the highest resident memory, and when it was last made to forget it."""

    #: Whether what it keeps is since the reset that was asked for last.
    is_since_reset = False
    #: MiB before the resets.
    earlier_mb = 0.0


def reset_peak_memory() -> None:
    """Let the peak start anew, so that a warm Host does not report an earlier comparison's."""
    _Peak.earlier_mb = max(_Peak.earlier_mb, _status_mb("VmHWM") or 0.0)
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
        _Peak.is_since_reset = True
    except OSError:  # not Linux, or not allowed
        _Peak.is_since_reset = False
    if cuda := _cuda():
        for device in range(cuda.device_count()):
            cuda.reset_peak_memory_stats(device)


def resident_mb() -> float | None:
    """Resident memory now, in MiB; None where there is no /proc."""
    return _status_mb("VmRSS")


def peak_memory(empty_mb: float | None = None, gpu: Gpu | None = None) -> Memory:
    """Peaks since the reset; None where the reset failed, for the peak may then be an earlier comparison's.

    `empty_mb` is passed on. `gpu` is the one that the model runs on, if any.

    `max_rss_mb` is that of the whole life. Not taken from `ru_maxrss` where there is another way: on Linux a process
    begins with its parent's, so that a Host of an agent of 600 MiB, itself of 9 MiB, had 610 MiB.
    """
    cuda = _cuda() if gpu else None
    return Memory(
        resident_mb=_status_mb("VmHWM") if _Peak.is_since_reset else None,
        max_rss_mb=_life_mb(),
        empty_mb=empty_mb,
        gpu_allocated_mb=cuda.max_memory_allocated(gpu.device) / 2**20 if cuda and gpu else None,
        gpu_reserved_mb=cuda.max_memory_reserved(gpu.device) / 2**20 if cuda and gpu else None,
        gpu_process_mb=gpu.process_mb(os.getpid()) if gpu else None,
    )


def _life_mb() -> float:
    highest_mb = _status_mb("VmHWM")
    if highest_mb is not None:
        return max(highest_mb, _Peak.earlier_mb)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _status_mb(name: str) -> float | None:
    with suppress(OSError):  # not Linux
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return None


def give_memory_back() -> None:
    """Hand free memory that allocators keep for later back to the system, the GPU's too."""
    gc.collect()
    if cuda := _cuda():
        cuda.empty_cache()
    with suppress(OSError, AttributeError):  # where the C library is another than glibc
        ctypes.CDLL(None).malloc_trim(0)


def _cuda() -> Any:
    """torch.cuda where a model uses it; torch is never imported for this."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch and torch.cuda.is_initialized() else None
