"""An agent that comes back after its lease is over and another one has done its job."""

import signal

import pytest

from tests.agent.agent_process import LONG, QUICK, SCENES, Agents
from tests.agent.gate import Gate
from tests.agent.queue import Queue, until
from tests.agent.story import attempts, expire, outcomes, running, succeeded, winners

LEASE_SECONDS = "10"


@pytest.mark.parametrize("with_hosts", [False, True], ids=["alone", "with its hosts"])
def test_an_agent_that_slept_past_its_lease_writes_nothing_and_goes_on(
    agents: Agents, queue: Queue, with_hosts: bool
) -> None:
    job = queue.insert(SCENES, options=LONG)
    with agents.real("zombie", ARENA_LEASE_SECONDS=LEASE_SECONDS) as zombie:
        running(queue, job, "single_stream")
        assert len(zombie.children) >= 2
        zombie.freeze(with_children=with_hosts)
        with agents.quick("heir") as heir:
            succeeded(queue, job)
            heir.end()
        before = queue.job(job)

        zombie.thaw()
        over = zombie.await_line("job_over")
        assert over["outcome"] in {"expired", "lost"}
        assert over["level"] == "warning"
        assert queue.job(job) == before
        assert outcomes(queue, job) == [("zombie", "expired"), ("heir", "succeeded")]
        # It has not even tried: its own clock, or the first renewal, told it to stop.
        assert attempts(queue, job)[0]["refused_at"] is None
        assert winners(queue, job) == ["heir"]

        next_job = queue.insert(SCENES, options=QUICK)
        succeeded(queue, next_job)
    assert outcomes(queue, next_job) == [("zombie", "succeeded")]
    assert winners(queue, next_job) == ["zombie"]


def test_a_late_result_is_refused(agents: Agents, queue: Queue, gate: Gate) -> None:
    results = gate.hold("complete_job")
    job = queue.insert(SCENES, options=QUICK)
    with agents.real("zombie", **gate.settings) as zombie:
        assert results.arrived.wait(60)
        expire(queue, job)
        with agents.quick("heir") as heir:
            succeeded(queue, job)
            heir.end()
        before = queue.job(job)

        results.let_go()
        over = zombie.await_line("job_over")
        assert (over["outcome"], over["level"]) == ("lost", "warning")
        assert queue.job(job) == before
        assert outcomes(queue, job) == [("zombie", "expired"), ("heir", "succeeded")]
        late, good = attempts(queue, job)
        assert late["refused_at"] > good["ended_at"]
        assert good["refused_at"] is None
        assert winners(queue, job) == ["heir"]
        images = queue.run("select * from public.image_results where job_id = %s", [job])
        assert images == []  # the heir's comparison has none, the zombie's had

        next_job = queue.insert(SCENES, options=QUICK)
        succeeded(queue, next_job)
    assert winners(queue, next_job) == ["zombie"]


def test_a_late_failure_is_refused(agents: Agents, queue: Queue, gate: Gate) -> None:
    failures = gate.hold("fail_job")
    job = queue.insert(SCENES, models=("Trained_yolov5", "efficientnet_b0"), options=QUICK)
    with agents.real("zombie", **gate.settings) as zombie:
        assert failures.arrived.wait(60)
        expire(queue, job)
        with agents.quick("heir"):
            succeeded(queue, job)
        failures.let_go()
        assert zombie.await_line("job_over")["outcome"] == "lost"
    refused(queue, job)


def test_a_late_return_is_refused(agents: Agents, queue: Queue, gate: Gate) -> None:
    """The agent may have left without waiting for the answer; its request is still on its way."""
    releases = gate.hold("release_job")
    job = queue.insert(SCENES)
    with agents.quick("zombie", QUICK_WORK_MS="60000 60000", **gate.settings) as zombie:
        running(queue, job)
        zombie.await_line("claimed")
        zombie.send(signal.SIGTERM)
        assert releases.arrived.wait(30)
        expire(queue, job)
        with agents.quick("heir"):
            succeeded(queue, job)
        releases.let_go()
        until(lambda: attempts(queue, job)[0]["refused_at"] is not None)
    refused(queue, job)


def refused(queue: Queue, job: str) -> None:
    """What the zombie wrote changed nothing, and the history knows of it."""
    assert outcomes(queue, job) == [("zombie", "expired"), ("heir", "succeeded")]
    assert attempts(queue, job)[0]["refused_at"] > attempts(queue, job)[1]["ended_at"]
    assert winners(queue, job) == ["heir"]
    row = queue.job(job)
    assert (row["status"], row["error"]) == ("succeeded", None)
