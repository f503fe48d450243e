"""Four agents that are killed, sent away and put to sleep at random, and two hundred jobs."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.agent.agent_process import SCENES, AgentProcess, Agents
from tests.agent.queue import Queue, until

SEED = int(os.environ.get("ARENA_CHAOS_SEED", "1"))
AGENTS = 4
JOBS = 200
LEASE_SECONDS = 2
STROKES = ["kill"] * 13 + ["send away"] * 6 + ["put to sleep"] * 6
MOST_ATTEMPTS = 10


class Crowd:
    """Agents of which each that falls is replaced."""

    def __init__(self, agents: Agents, chance: random.Random) -> None:
        self._agents, self._chance = agents, chance
        self._stack = ExitStack()
        self._alive: dict[str, AgentProcess] = {}
        self._leaving: list[AgentProcess] = []
        self._asleep: dict[str, float] = {}
        self.all: list[AgentProcess] = []

    def fill(self) -> None:
        """Replace those that are gone."""
        self._alive = {name: process for name, process in self._alive.items() if process.alive}
        while len(self._alive) < AGENTS:
            name = f"chaos-{len(self.all)}"
            lease = str(LEASE_SECONDS)
            settings = {"QUICK_LEASE_SECONDS": lease, "QUICK_WORK_MS": "20 120", "ARENA_POLL_SECONDS": "1"}
            process = self._stack.enter_context(self._agents.quick(name, **settings))
            self.all.append(process)
            self._alive[name] = process

    def strike(self, stroke: str, queue: Queue) -> None:
        """Do that to one that is at work."""
        process = self._alive[self._someone_at_work(queue)]
        match stroke:
            case "kill":
                process.kill()
            case "send away":
                process.send(signal.SIGTERM)
                self._leaving.append(self._alive.pop(process.name))
            case "put to sleep":
                process.freeze()
                self._asleep[process.name] = time.monotonic() + LEASE_SECONDS * self._chance.uniform(1.2, 1.8)

    def all_awake(self) -> bool:
        """Wake those who slept enough; whether these were all."""
        for name in [name for name, end in self._asleep.items() if end < time.monotonic()]:
            del self._asleep[name]
            self._alive[name].thaw()
        return not self._asleep

    def leave(self) -> None:
        """Wake all and send them away; all must leave in good order."""
        until(self.all_awake)
        for process in self._alive.values():
            process.send(signal.SIGTERM)
        assert {process.wait() for process in (*self._leaving, *self._alive.values())} == {0}

    def close(self) -> None:
        self._stack.close()

    def _someone_at_work(self, queue: Queue) -> str:
        found: list[str] = []

        def find() -> bool:
            self.all_awake()
            found[:] = [name for name in at_work(queue) if name in self._alive and name not in self._asleep]
            return bool(found)

        until(find)
        return self._chance.choice(found)


@contextmanager
def crowd(agents: Agents, chance: random.Random) -> Iterator[Crowd]:
    crowd = Crowd(agents, chance)
    try:
        yield crowd
    finally:
        crowd.close()


def at_work(queue: Queue) -> list[str]:
    """Names of the agents that have a job, but for one that has cost many an agent already, so that none fails.

    It comes back at once, to the next one that is at work; where few are awake, all strokes would fall on it.
    """
    rows = queue.run(
        "select a.name from public.job_leases l"
        " join public.agents a on a.id = l.agent_id join public.jobs j on j.id = l.job_id"
        " where l.expires_at > clock_timestamp() and j.attempt <= j.max_attempts / 2 order by a.name"
    )
    return [row["name"] for row in rows]


@pytest.mark.long
@pytest.mark.parametrize("seed", [SEED])
def test_no_job_is_lost_and_none_is_done_twice(agents: Agents, queue: Queue, seed: int) -> None:
    chance = random.Random(seed)
    strokes = chance.sample(STROKES, len(STROKES))
    with crowd(agents, chance) as people:
        for stroke in strokes:
            people.fill()
            # New jobs each time, so that there are some left for the last stroke.
            for _ in range(JOBS // len(strokes)):
                queue.insert(SCENES, max_attempts=MOST_ATTEMPTS)
            people.strike(stroke, queue)
            time.sleep(chance.uniform(0.0, 0.3))  # what makes it random
        people.fill()
        until(lambda: people.all_awake() and all_done(queue), seconds=120)
        people.leave()
        assert [child for process in people.all for child in process.orphans] == []
    assert_each_was_done_once(queue)
    assert_history_is_consistent(queue)


def all_done(queue: Queue) -> bool:
    return queue.run("select id from public.jobs where finished_at is null limit 1") == []


def assert_each_was_done_once(queue: Queue) -> None:
    assert queue.run("select id, attempt, error from public.jobs where status <> 'succeeded'") == []
    jobs = queue.run("select status, count(*) from public.jobs group by status")
    assert jobs == [{"status": "succeeded", "count": JOBS}]
    results = queue.run("select count(*), count(distinct job_id) as jobs from public.comparison_results")
    assert results == [{"count": JOBS, "jobs": JOBS}]
    assert queue.run("select * from public.job_leases") == []


def assert_history_is_consistent(queue: Queue) -> None:
    assert queue.run("select * from public.job_attempts where outcome is null") == []
    # One attempt of each job succeeded, its last one, and the result is that agent's.
    assert (
        queue.run(
            "select j.id from public.jobs j where not exists ("
            "  select from public.job_attempts t join public.comparison_results r using (job_id, agent_id)"
            "  where t.job_id = j.id and t.outcome = 'succeeded' and t.ended_at = ("
            "    select max(ended_at) from public.job_attempts where job_id = j.id))"
        )
        == []
    )
    counted = queue.run(
        "select j.attempt, array_agg(t.outcome order by t.started_at) as outcomes"
        " from public.jobs j join public.job_attempts t on t.job_id = j.id group by j.id"
    )
    for row in counted:
        assert row["outcomes"].count("succeeded") == 1
        assert row["attempt"] == sum(outcome != "released" for outcome in row["outcomes"])
        assert set(row["outcomes"]) <= {"succeeded", "expired", "released"}
    # No two agents had the same job at the same time.
    assert (
        queue.run(
            "select * from (select started_at, lag(ended_at) over (partition by job_id order by started_at) as before"
            " from public.job_attempts) as t where t.before > t.started_at"
        )
        == []
    )
    # The strokes did hit something. Who is sent away may end its job first, so a release is not sure to be among them.
    assert sum(row["outcomes"].count("expired") for row in counted) >= 1
