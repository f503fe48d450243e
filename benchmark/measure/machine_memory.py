"""Memory of this machine, and what a process of it takes. Runs in the parent."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

#: The container's limit, in bytes or as `max`: by the second version of control groups, and by the first.
_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


def machine_memory_mb() -> float:
    """MiB that this machine has, or that its container allows if that is less."""
    limits = [limit for limit in map(_limit_mb, _CONTAINER_LIMITS) if limit is not None]
    return min([psutil.virtual_memory().total / 2**20, *limits])


def resident_mb(pid: int) -> float:
    """Resident memory of a process, without that of its children, in MiB; 0 for one that is gone. Costs some 20 µs."""
    with suppress(OSError, ValueError, IndexError):  # gone, or not Linux
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MB
    with suppress(psutil.Error):
        return float(psutil.Process(pid).memory_info().rss) / 2**20
    return 0.0


def _limit_mb(file: Path) -> float | None:
    try:
        return int(file.read_text()) / 2**20
    except (OSError, ValueError):  # there is none
        return None
