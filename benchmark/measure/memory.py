"""Peak memory of this process. Runs in the Host."""

import ctypes
import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.measure.messages import Memory

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


def reset_peak_memory() -> None:
    """Let the peak start anew, so that a warm Host does not report an earlier comparison's."""
    with suppress(OSError):  # not Linux, or not allowed: the peak is then that of the whole life
        _CLEAR_REFS.write_text(_RESET_PEAK)
    if cuda := _cuda():
        cuda.reset_peak_memory_stats()


def peak_memory() -> Memory:
    """Peaks since the reset."""
    cuda = _cuda()
    return Memory(
        resident_mb=_resident_mb(),
        gpu_reserved_mb=cuda.max_memory_reserved() / 2**20 if cuda else None,
    )


def _resident_mb() -> float:
    with suppress(OSError):  # not Linux
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


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
