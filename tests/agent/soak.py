"""Many jobs through several agents, and what the agents' processes take meanwhile."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil

from tests.agent.agent_process import SCENES, AgentProcess
from tests.agent.queue import Queue

#: Agents that work for an hour at a job a minute do so many each.
JOBS_OF_AN_HOUR = 60

_LOOK_SECONDS = 0.1
_SHARE_TO_SETTLE = 1 / 3


@dataclass
class Usage:
    """What a process took, at each look."""

    jobs: list[int] = field(default_factory=list)
    """Ended so far, of all agents."""
    resident_kb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def look(self, process: psutil.Process, jobs: int) -> None:
        """Note what it takes now."""
        self.jobs.append(jobs)
        self.resident_kb.append(process.memory_info().rss / 1024)
        self.files.append(process.num_fds())
        self.threads.append(process.num_threads())

    @property
    def slope_kb_per_job(self) -> float:
        """Of its resident memory, once it has done a third of the jobs and so has all it needs."""
        jobs, resident = np.array(self.jobs), np.array(self.resident_kb)
        settled = jobs >= _SHARE_TO_SETTLE * jobs.max()
        return float(np.polyfit(jobs[settled], resident[settled], 1)[0])


@dataclass(frozen=True)
class Soak:
    """What came of it."""

    seconds: float
    usages: Sequence[Usage]
    ends: Sequence[tuple[str, int]]
    """Each job's status and attempts."""
    results: int
    """Rows of results."""
    jobs_of_agents: Sequence[int]


def soak(queue: Queue, processes: Sequence[AgentProcess], jobs: int, limit_seconds: float = 3600.0) -> Soak:
    """Let them work the jobs off, which are inserted as they go, and look at them all the time."""
    usages = [Usage() for _ in processes]
    started, inserted, ended = time.monotonic(), 0, 0
    while ended < jobs:
        assert time.monotonic() < started + limit_seconds, f"{ended} of {jobs} jobs have ended"
        inserted += _fill(queue, min(jobs - inserted, max(0, 64 - (inserted - ended))))
        time.sleep(_LOOK_SECONDS)
        ended = _count(queue, "select count(*) as n from public.jobs where finished_at is not null")
        for usage, process in zip(usages, processes, strict=True):
            usage.look(process.itself, ended)
    rows = queue.run("select status, attempt from public.jobs")
    shares = queue.run("select count(*) as n from public.comparison_results group by agent_id")
    return Soak(
        seconds=time.monotonic() - started,
        usages=usages,
        ends=[(row["status"], row["attempt"]) for row in rows],
        results=_count(queue, "select count(*) as n from public.comparison_results"),
        jobs_of_agents=sorted(row["n"] for row in shares),
    )


def _fill(queue: Queue, count: int) -> int:
    for _ in range(count):
        queue.insert(SCENES)
    return count


def _count(queue: Queue, query: str) -> int:
    return int(queue.run(query)[0]["n"])
