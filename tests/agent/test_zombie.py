"""An agent that comes back after its lease is over and another one has done its job."""

import signal

import pytest

from tests.agent.agent_process import LONG, QUICK, SCENES, Agents
from tests.agent.gate import Gate
from tests.agent.queue import Queue, until
from tests.agent.story import attempts, expire, lease, outcomes, running, succeeded, winners

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


@pytest.mark.parametrize("function", ["complete_job", "fail_job", "release_job"])
def test_a_late_end_does_not_touch_the_attempt_of_another_agent(
    agents: Agents, queue: Queue, gate: Gate, function: str
) -> None:
    """The job is running, as it was when the zombie had it: only the token tells the two apart."""
    ends = gate.hold(function)
    image = "late.png" if function == "fail_job" else "scene.png"
    job = queue.insert([{"image_path": image, "car_count": 0}])
    work_ms = 60_000 if function == "release_job" else 20
    with agents.quick("zombie", QUICK_WORK_MS=f"{work_ms} {work_ms}", **gate.settings) as zombie:
        running(queue, job)
        zombie.await_line("claimed")
        if function == "release_job":
            zombie.send(signal.SIGTERM)
        assert ends.arrived.wait(60)
        (agents.folder / "images" / "late.png").write_bytes(b"any bytes")
        expire(queue, job)
        with agents.quick("heir", QUICK_WORK_MS="3000 3000") as heir:
            until(lambda: len(attempts(queue, job)) == 2)
            heir.freeze()
            before, held = queue.job(job), lease(queue, job)
            ends.let_go()
            until(lambda: attempts(queue, job)[0]["refused_at"] is not None)
            assert (queue.job(job), lease(queue, job)) == (before, held)
            heir.thaw()
            succeeded(queue, job)
    assert outcomes(queue, job) == [("zombie", "expired"), ("heir", "succeeded")]
    assert winners(queue, job) == ["heir"]
