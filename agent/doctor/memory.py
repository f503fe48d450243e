"""Memory: the machine's, the container's, and what processes share."""

import shutil
from contextlib import suppress
from pathlib import Path

import psutil

from agent.doctor.finding import Finding, ok, skipped, warning
from agent.doctor.place import Place
from benchmark import describe_machine

#: MiB for two models, each in a process of its own, and the agent.
_WANTED_MB = 4000
_SHARED = Path("/dev/shm")  # noqa: S108 - no file is made there
_WANTED_SHARED_MB = 64
_CONTROL_GROUP = Path("/sys/fs/cgroup")
_MIB = 2**20


def look_at_memory(place: Place) -> Finding:
    """What the machine has, or its container allows, and what of it is free."""
    machine = describe_machine()
    limit = machine["container"]["memory_mb"]
    total = min(machine["ram_mb"], limit or machine["ram_mb"])
    free = min(psutil.virtual_memory().available / _MIB, total - container_used_mb())
    found = f"{total:.0f} MiB{', the limit of the container' if limit and limit == total else ''}; {free:.0f} free"
    if free < _WANTED_MB:
        return warning(
            f"{found}.",
            "End what else runs, give the container more (`docker run --memory`), or set ARENA_MAX_HOSTS=2.",
            f"{_WANTED_MB} MiB free",
        )
    return ok(found)


def look_at_shared_memory(place: Place, folder: Path = _SHARED) -> Finding:
    """What libraries of models hand tensors over in."""
    if not folder.is_dir():
        return skipped(f"There is no {folder}.")
    total = shutil.disk_usage(folder).total / _MIB
    if total < _WANTED_SHARED_MB:
        return warning(f"{folder} has {total:.0f} MiB.", "`docker run --shm-size 1g`", f"{_WANTED_SHARED_MB} MiB")
    return ok(f"{folder}, {total:.0f} MiB")


def container_used_mb(folder: Path = _CONTROL_GROUP) -> float:
    """MiB that count against the container's limit and are not given up for the asking; 0 where nobody says."""
    for usage, statistics, cache in (
        ("memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        with suppress(OSError, ValueError):
            parts = dict(line.split() for line in (folder / statistics).read_text().splitlines())
            return max(0, int((folder / usage).read_text()) - int(parts.get(cache, 0))) / _MIB
    return 0.0
