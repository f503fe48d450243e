"""An hour's worth of jobs for eight agents, in as little time as the queue and the agents need for it.

A comparison takes no time here; all else is real: claims, leases, images, Realtime, results, metrics.
"""

from collections import Counter

import pytest

from tests.agent.agent_process import Agents
from tests.agent.queue import Queue
from tests.agent.soak import JOBS_OF_AN_HOUR, soak
from tests.bench.soak.__main__ import show

AGENTS = 8
JOBS = AGENTS * JOBS_OF_AN_HOUR
#: A lease, a thread, a folder or a line of metrics that is kept for each job would take more.
MOST_KB_PER_JOB = 8.0


@pytest.mark.long
def test_an_hour_of_eight_agents_loses_no_job_and_leaks_nothing(agents: Agents, queue: Queue) -> None:
    with agents.quick("crew", "--devices", "all", QUICK_GPUS=str(AGENTS), QUICK_WORK_MS="5 10") as process:
        found = soak(queue, [process], JOBS)
        code, _ = process.end()
    assert Counter(found.ends) == {("succeeded", 1): JOBS}
    assert found.results == JOBS
    assert len(found.jobs_of_agents) == AGENTS, "all have had jobs"
    (usage,) = found.usages
    show(found)
    assert usage.slope_kb_per_job < MOST_KB_PER_JOB
    assert max(usage.files[-10:]) <= max(usage.files[: len(usage.files) // 2]), "no file or connection stays open"
    assert max(usage.threads[-10:]) <= max(usage.threads[: len(usage.threads) // 2])
    assert code == 0
