"""An agent that is killed at some point of a job, and what becomes of the job."""

import signal
import threading
from typing import Any

import pytest

from tests.agent.agent_process import LONG, QUICK, SCENES, AgentProcess, Agents
from tests.agent.gate import Gate
from tests.agent.queue import Queue, until
from tests.agent.story import attempts, expire, lease, outcomes, running, succeeded, winners
from tests.agent.web import Request, Web

LEASE_SECONDS = 10
POLL_SECONDS = 5
BUSY_SECONDS = 5.0
"""What a busy machine may take to run a process whose time has come."""


def killed(process: AgentProcess) -> None:
    """Kill it; what it had started must go with it."""
    process.kill()
    until(lambda: not process.orphans, seconds=10)


def taken_over(agents: Agents, queue: Queue, job: str) -> None:
    """Another agent has to end the job, once the lease is over."""
    assert outcomes(queue, job) == [("killed", None)]
    expire(queue, job)
    with agents.quick("heir"):
        succeeded(queue, job)
    told(queue, job)


def told(queue: Queue, job: str) -> None:
    """The database tells of one agent that was lost and of one that was not."""
    assert outcomes(queue, job) == [("killed", "expired"), ("heir", "succeeded")]
    assert winners(queue, job) == ["heir"]
    assert attempts(queue, job)[0]["error"]["code"] == "lease_expired"
    row = queue.job(job)
    assert (row["status"], row["attempt"], row["error"]) == ("succeeded", 2, None)
    assert queue.run("select * from public.job_leases") == []


def test_killed_before_it_hears_of_its_claim(agents: Agents, queue: Queue, gate: Gate) -> None:
    claims = gate.hold("claim_job", answered=True)
    job = queue.insert(SCENES)
    with agents.real("killed", **gate.settings) as process:
        assert claims.arrived.wait(60)
        killed(process)
    taken_over(agents, queue, job)


def test_killed_after_the_claim(agents: Agents, queue: Queue, gate: Gate) -> None:
    renewals = gate.hold("renew_lease")
    job = queue.insert(SCENES)
    with agents.real("killed", **gate.settings) as process:
        assert renewals.arrived.wait(60)
        killed(process)
    taken_over(agents, queue, job)


def test_killed_in_the_middle_of_a_download(agents: Agents, queue: Queue, web: Web) -> None:
    begun = threading.Event()

    def be_slow_once(request: Request) -> None:
        if web.asked["/slow.png"] > 1:
            request.send(200, b"any bytes")
            return
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"not all of them")
        request.wfile.flush()
        begun.set()
        request.wait_for(web.closing)

    web.answers["/slow.png"] = be_slow_once
    local: dict[str, str] = {"ARENA_IMAGE_HOSTS": "127.0.0.1"}
    job = queue.insert([{"image_path": web.url("/slow.png"), "car_count": 0}])
    with agents.real("killed", **local) as process:
        assert begun.wait(60)
        killed(process)
    assert outcomes(queue, job) == [("killed", None)]
    expire(queue, job)
    with agents.quick("heir", **local):
        succeeded(queue, job)
    told(queue, job)
    web.closing.set()


@pytest.mark.long
def test_killed_in_the_middle_of_an_inference_and_found_by_an_agent_that_waits(agents: Agents, queue: Queue) -> None:
    """The whole of it as it is in production, but for a lease of ten seconds: nobody helps the heir.

    What is promised is a lease and a poll after the kill, and a poll after the lease's end. A busy machine adds to it.
    """
    real: dict[str, str] = {"ARENA_LEASE_SECONDS": str(LEASE_SECONDS), "ARENA_POLL_SECONDS": str(POLL_SECONDS)}
    job = queue.insert(SCENES, options={**QUICK, "min_seconds": 3.0})
    with agents.real("killed", **real) as process:
        running(queue, job, "single_stream")
        with agents.real("heir", **real) as heir:
            heir.await_line("realtime_ready")
            assert len(process.children) >= 2
            killed_at = now(queue)
            killed(process)
            expires_at = lease(queue, job)["expires_at"]
            succeeded(queue, job)
    told(queue, job)
    claimed_at = attempts(queue, job)[1]["started_at"]
    after_kill, after_expiry = (claimed_at - killed_at).total_seconds(), (claimed_at - expires_at).total_seconds()
    print(f"\nkill → claim {after_kill:.1f} s, expiry → claim {after_expiry:.1f} s")  # noqa: T201 - for docs/queue.md
    assert after_expiry >= 0
    assert after_kill <= LEASE_SECONDS + POLL_SECONDS + BUSY_SECONDS
    assert after_expiry <= POLL_SECONDS + BUSY_SECONDS


def test_killed_before_its_result_is_written(agents: Agents, queue: Queue, gate: Gate) -> None:
    results = gate.hold("complete_job")
    job = queue.insert(SCENES, options=QUICK)
    with agents.real("killed", **gate.settings) as process:
        assert results.arrived.wait(60)
        killed(process)
    taken_over(agents, queue, job)


def test_killed_before_it_hears_that_its_result_is_written(agents: Agents, queue: Queue, gate: Gate) -> None:
    """The job is over, and nobody does it again."""
    results = gate.hold("complete_job", answered=True)
    job = queue.insert(SCENES, options=QUICK)
    with agents.real("killed", **gate.settings) as process:
        assert results.arrived.wait(60)
        killed(process)
    before = queue.job(job)
    with agents.quick("heir"):
        succeeded(queue, queue.insert(SCENES))
    assert queue.job(job) == before
    assert before["status"] == "succeeded"
    assert outcomes(queue, job) == [("killed", "succeeded")]
    assert winners(queue, job) == ["killed"]


@pytest.mark.parametrize(("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)])
def test_a_second_signal_kills_an_agent_that_cannot_give_its_job_back(
    agents: Agents, queue: Queue, gate: Gate, first: signal.Signals, second: signal.Signals
) -> None:
    releases = gate.hold("release_job")
    job = queue.insert(SCENES, options=LONG)
    with agents.real("killed", **gate.settings) as process:
        running(queue, job, "single_stream")
        assert len(process.children) >= 2
        process.send(first)
        assert releases.arrived.wait(30)
        code, seconds = process.end(second)
        assert code == -second
        assert seconds < BUSY_SECONDS
        until(lambda: not process.orphans, seconds=10)
        assert process.lines("stop_forced") == []
    assert outcomes(queue, job) == [("killed", None)]


def now(queue: Queue) -> Any:
    """The database's time."""
    return queue.run("select clock_timestamp() as now")[0]["now"]
