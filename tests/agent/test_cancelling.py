"""A person cancels a job that an agent is working on."""

import time
from datetime import timedelta
from typing import Any

import httpx
import psutil
import pytest

from agent.job import utc
from local import LocalStack
from tests.agent.agent_process import LONG, QUICK, SCENES, AgentProcess, Agents
from tests.agent.gate import Gate
from tests.agent.queue import Queue, until
from tests.agent.story import attempts, outcomes, running, succeeded, winners
from tests.agent.web import Web

LEASE_SECONDS = 10
STOP_SECONDS = 1.0
"""What Hosts get to leave off their work."""
BUSY_SECONDS = 5.0
"""What a busy machine may take to run a process whose time has come."""


def cancel(stack: LocalStack, job: str) -> None:
    """As an operator does it: jobs of the tests belong to nobody."""
    answer = httpx.post(
        f"{stack.url}/rest/v1/rpc/cancel_job",
        json={"p_job_id": job},
        headers={"apikey": stack.secret_key},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()) == (200, "cancelled")


def idle(processes: set[psutil.Process]) -> bool:
    """Whether none of them did anything for a while, or all are gone."""
    before = seconds_used(processes)
    time.sleep(0.5)
    return seconds_used(processes) - before < 0.05


def seconds_used(processes: set[psutil.Process]) -> float:
    """Processor time."""
    used = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def ended(queue: Queue, process: AgentProcess, job: str) -> None:
    """The agent has left the job within one renewal, but for a busy machine, and nobody else gets it."""
    over = process.await_line("job_over")
    row = queue.job(job)
    assert over["outcome"] == "cancelled"
    took = utc(over["timestamp"]) - row["finished_at"]
    assert took < timedelta(seconds=LEASE_SECONDS / 3 + STOP_SECONDS + BUSY_SECONDS)
    assert (row["status"], row["error"]) == ("cancelled", None)
    assert outcomes(queue, job) == [(process.name, "cancelled")]
    assert winners(queue, job) == []
    assert queue.run("select * from public.job_leases where job_id = %s", [job]) == []


def test_the_models_stop(agents: Agents, queue: Queue, stack: LocalStack) -> None:
    job = queue.insert(SCENES, options=LONG)
    with agents.real("agent", ARENA_LEASE_SECONDS=str(LEASE_SECONDS)) as process:
        running(queue, job, "single_stream")
        hosts = process.children
        assert len(hosts) >= 2
        until(lambda: not idle(hosts))
        cancel(stack, job)
        ended(queue, process, job)
        until(lambda: idle(hosts))
        succeeded(queue, queue.insert(SCENES, options=QUICK))


def test_a_download_stops(agents: Agents, queue: Queue, stack: LocalStack, web: Web) -> None:
    web.answers["/slow.png"] = lambda request: request.wait_for(web.closing)
    job = queue.insert([{"image_path": web.url("/slow.png"), "car_count": 0}])
    settings: dict[str, str] = {"ARENA_LEASE_SECONDS": str(LEASE_SECONDS), "ARENA_IMAGE_HOSTS": "127.0.0.1"}
    with agents.quick("agent", **settings) as process:
        until(lambda: web.asked["/slow.png"] > 0, seconds=60)
        cancel(stack, job)
        ended(queue, process, job)
        succeeded(queue, queue.insert(SCENES))
    web.closing.set()


@pytest.mark.parametrize(
    ("function", "images"), [("complete_job", SCENES), ("fail_job", [{"image_path": "nowhere.png", "car_count": 0}])]
)
def test_a_job_that_is_cancelled_while_its_end_is_on_the_way_stays_cancelled(
    agents: Agents, queue: Queue, stack: LocalStack, gate: Gate, function: str, images: list[dict[str, Any]]
) -> None:
    ends = gate.hold(function)
    job = queue.insert(images)
    with agents.quick("agent", ARENA_LEASE_SECONDS=str(LEASE_SECONDS), **gate.settings) as process:
        assert ends.arrived.wait(60)
        cancel(stack, job)
        ends.let_go()
        ended(queue, process, job)
        assert attempts(queue, job)[0]["refused_at"] is not None
        succeeded(queue, queue.insert(SCENES))
