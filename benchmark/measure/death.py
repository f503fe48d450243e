"""Why a Host's process ended."""

import signal
from contextlib import suppress
from pathlib import Path

from benchmark.errors import HostDied, HostError, OutOfMemory

#: The kernel's counts of processes that it ended because memory ran out: of this container, and of the whole machine.
_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))
_KEY = "oom_kill "
_ADVICE = "Use smaller images, a smaller batch_size, fewer warm models (max_hosts), or a machine with more memory."


def oom_kills() -> tuple[int | None, ...]:
    """Processes ended so far, by each counter; None where there is none.

    It differs from an earlier one after a kill. Costs some 40 µs.
    """
    return tuple(_count(counter) for counter in _COUNTERS)


def cause_of_death(model: str, exit_code: int, kills_before: tuple[int | None, ...]) -> HostError:
    """OutOfMemory where the kernel has ended a process for its memory since `kills_before`, HostDied otherwise.

    `exit_code` is that of Popen: negative for a signal.
    """
    if exit_code == -signal.SIGKILL and oom_kills() != kills_before:
        return OutOfMemory(
            f"The machine ran out of memory, and the kernel ended the process that ran {model}. {_ADVICE}"
        )
    return HostDied(f"The process that ran {model} {_describe(exit_code)}.")


def outgrown(model: str, resident_mb: float, limit_mb: float) -> OutOfMemory:
    """For a process that was ended because it grew beyond its limit."""
    return OutOfMemory(
        f"The process that ran {model} took {resident_mb:.0f} MiB of memory, where {limit_mb:.0f} MiB are allowed; "
        f"it was ended. {_ADVICE}"
    )


def _count(counter: Path) -> int | None:
    with suppress(OSError):  # not Linux, or an older kernel
        for line in counter.read_text().splitlines():
            if line.startswith(_KEY):
                return int(line.removeprefix(_KEY))
    return None


def _describe(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    hint = ", perhaps because the machine ran out of memory" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"
