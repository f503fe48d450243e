"""Agents whose wall clock is wrong: only the database's counts, and each agent's own monotonic one."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.job import utc
from tests.agent.agent_process import QUICK, SCENES, AgentProcess, Agents
from tests.agent.queue import Queue
from tests.agent.story import attempts, lease, outcomes, running, succeeded, winners

HOUR = timedelta(hours=1)
CLOCKS = {"fast": HOUR, "slow": -HOUR}
LEASE_SECONDS = 5
WORK_SECONDS = 9
"""Longer than a lease: it has to be renewed, and again."""
POLL_SECONDS = 0.5
BUSY_SECONDS = 5.0
"""What a busy machine may take to run a process whose time has come."""

WrongBy = Callable[[timedelta], dict[str, str]]


@pytest.fixture
def wrong_by(tmp_path: Path) -> WrongBy:
    """Settings of an agent whose wall clock is wrong."""
    folder = tmp_path / "clock"
    folder.mkdir()
    shutil.copy(Path(__file__).with_name("wrong_clock.py"), folder / "sitecustomize.py")
    return lambda shift: {"PYTHONPATH": str(folder), "WRONG_CLOCK_SECONDS": str(shift.total_seconds())}


def assert_wrong(process: AgentProcess, shift: timedelta) -> None:
    """Its log must be dated wrongly."""
    said = utc(process.await_line("ready")["timestamp"])
    assert abs(said - datetime.now(UTC) - shift) < HOUR / 4


def renewed(queue: Queue, job: str) -> None:
    """Wait until its lease has been renewed, with a first progress."""
    queue.await_job(job, lambda row: (row["progress"] or {}).get("phase") not in {None, "claimed"})


@pytest.mark.parametrize("clock", CLOCKS)
def test_an_agent_with_a_wrong_clock_works_as_any_other(
    agents: Agents, queue: Queue, wrong_by: WrongBy, clock: str
) -> None:
    with agents.real(clock, ARENA_LEASE_SECONDS="10", **wrong_by(CLOCKS[clock])) as process:
        process.await_line("realtime_ready")
        assert_wrong(process, CLOCKS[clock])
        job = queue.insert(SCENES, options=QUICK)
        renewed(queue, job)
        held = lease(queue, job)
        succeeded(queue, job)
        claimed = process.await_line("claimed")
        (live,) = queue.run("select seen_at from public.live_agents where name = %s", [clock])
    assert held["expires_at"] - held["renewed_at"] == timedelta(seconds=10)
    assert outcomes(queue, job) == [(clock, "succeeded")]
    assert winners(queue, job) == [clock]
    row, (attempt,) = queue.job(job), attempts(queue, job)
    (result,) = queue.run("select created_at from public.comparison_results where job_id = %s", [job])
    times = [
        row["created_at"],
        row["started_at"],
        held["renewed_at"],
        result["created_at"],
        row["finished_at"],
        live["seen_at"],
        queue.run("select clock_timestamp() as now")[0]["now"],
    ]
    assert times == sorted(times)
    assert attempt["started_at"] == row["started_at"]
    assert times[-1] - times[0] < HOUR / 4
    waited = row["started_at"] - row["created_at"]
    assert claimed["waited_ms"] == pytest.approx(waited / timedelta(milliseconds=1), abs=1)


def test_a_lease_that_is_renewed_is_not_taken_for_expired(agents: Agents, queue: Queue, wrong_by: WrongBy) -> None:
    """Neither by an agent with a wrong clock itself, nor by one that looks for expired leases."""
    long = {"QUICK_LEASE_SECONDS": str(LEASE_SECONDS), "QUICK_WORK_MS": f"{WORK_SECONDS}000 {WORK_SECONDS}000"}
    jobs = {}
    with ExitStack() as stack:
        for clock, shift in CLOCKS.items():
            jobs[clock] = queue.insert(SCENES)
            stack.enter_context(agents.quick(clock, **long, **wrong_by(shift)))
            running(queue, jobs[clock])
        for clock, shift in CLOCKS.items():
            stack.enter_context(agents.quick(f"{clock} heir", ARENA_POLL_SECONDS="0.2", **wrong_by(shift)))
        for clock, job in jobs.items():
            succeeded(queue, job)
            assert outcomes(queue, job) == [(clock, "succeeded")]
            (attempt,) = attempts(queue, job)
            assert attempt["ended_at"] - attempt["started_at"] > timedelta(seconds=1.5 * LEASE_SECONDS)


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_lease_that_is_over_is_taken_in_time(agents: Agents, queue: Queue, wrong_by: WrongBy, clock: str) -> None:
    shift = CLOCKS[clock]
    job = queue.insert(SCENES)
    with agents.quick("heir", ARENA_POLL_SECONDS=str(POLL_SECONDS), **wrong_by(-shift)) as heir:
        endless = {"QUICK_LEASE_SECONDS": str(LEASE_SECONDS), "QUICK_WORK_MS": "60000 60000"}
        heir.freeze()
        with agents.quick("killed", **endless, **wrong_by(shift)) as process:
            running(queue, job, "single_stream")
            heir.thaw()
            assert_wrong(heir, -shift)
            heir.await_line("realtime_ready")
            process.kill()
            over_at = lease(queue, job)["expires_at"]
            succeeded(queue, job)
            heir.end()  # killed, it could leave a claim on its way that takes the next test's job
    assert outcomes(queue, job) == [("killed", "expired"), ("heir", "succeeded")]
    late = attempts(queue, job)[1]["started_at"] - over_at
    assert timedelta(0) <= late < timedelta(seconds=POLL_SECONDS + BUSY_SECONDS)
