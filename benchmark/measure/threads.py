"""How many threads a model may use."""

import math
import os

import psutil

from benchmark.measure.environment import container_limits


def default_threads(arenas: int = 1) -> int:
    """One less than the usable cores, at least 1; of the cores of each, where several Arenas share them.

    Every layer waits for its slowest thread, so with a thread on each core whatever else runs (the agent, the energy
    meter, the system) holds up all of them. On two shared cores, two threads took 15 to 20 % longer than one for a
    single image; for a batch they took as long, or two thirds where nobody else wanted the cores.
    """
    return max(1, usable_cores() // arenas - 1)


def usable_cores() -> int:
    """Physical cores, within what the scheduler and the container allow this process."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or allowed
    return max(1, min(physical, allowed, _container_cores() or allowed))


def _container_cores() -> int | None:
    cores = container_limits()["cores"]
    return None if cores is None else math.ceil(cores)
