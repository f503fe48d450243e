"""Many agents at once that complete, fail, give back and lose jobs as chance has it."""

import random
import time
from collections import Counter
from uuid import UUID

from tests.sql.database import Database, Held, Row
from tests.sql.disorder import disorder
from tests.sql.meeting import all_at_once, more_connections

AGENTS = 8
JOBS = 300
PATIENCE_SECONDS = 120


class Agent:
    """Works on the queue until all jobs are over."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = random.Random(seed)
        self.claims: list[Row] = []
        self.completed: list[UUID] = []

    def work(self) -> None:
        agent_id, deadline = self.database.register(), time.monotonic() + PATIENCE_SECONDS
        while self.database.value("select count(*) from public.jobs where finished_at is null"):
            assert time.monotonic() < deadline, "Some jobs never end."
            claim = self.database.claim(agent_id)
            if claim is None:
                time.sleep(0.01)
                continue
            self.claims.append(claim)
            ends = (self.complete, self.fail, self.fail_for_now, self.give_back, self.lose)
            (end,) = self.chance.choices(ends, weights=(10, 1, 3, 3, 3))
            end(Held(self.database, agent_id, claim["job_id"], claim["lease_token"]))

    def complete(self, held: Held) -> None:
        assert held.renew(p_progress={"phase": "measure"}) == "renewed"
        assert held.complete() == "completed"
        self.completed.append(held.job_id)

    def fail(self, held: Held) -> None:
        assert held.fail() == "failed"

    def fail_for_now(self, held: Held) -> None:
        assert held.fail(transient=True) in ("retrying", "failed")
        self.database.rows(  # the backoff is over
            "update public.jobs set run_at = clock_timestamp() where id = %s and status = 'pending'", held.job_id
        )

    def give_back(self, held: Held) -> None:
        assert held.release() == "released"

    def lose(self, held: Held) -> None:
        self.database.expire(held.job_id)
        assert held.complete() == "lost"


def test_every_job_comes_to_one_end(own_database: Database) -> None:
    jobs = {own_database.insert_job() for _ in range(JOBS)}
    with more_connections(own_database, AGENTS) as connections:
        agents = [Agent(connection, seed) for seed, connection in enumerate(connections)]
        all_at_once([agent.work for agent in agents])

    assert disorder(own_database.connection) == []
    ends = own_database.rows("""
        select j.id, j.status, j.attempt, j.max_attempts, j.error->>'code' as error,
          count(*) filter (where a.outcome <> 'released') as spent,
          (array_agg(a.outcome order by a.ended_at desc))[1] as last_outcome
        from public.jobs j join public.job_attempts a on a.job_id = j.id group by j.id
    """)
    assert {end["id"] for end in ends} == jobs
    for end in ends:
        assert end["attempt"] == end["spent"] <= end["max_attempts"], end
        if end["status"] == "failed":
            assert end["last_outcome"] == "failed" or end["attempt"] == end["max_attempts"], end
        else:
            assert (end["status"], end["last_outcome"]) == ("succeeded", "succeeded"), end

    completed = Counter(job_id for agent in agents for job_id in agent.completed)
    assert completed == Counter(end["id"] for end in ends if end["status"] == "succeeded"), "lost or doubled"
    tokens = Counter(claim["lease_token"] for agent in agents for claim in agent.claims)
    history = own_database.rows("select lease_token from public.job_attempts")
    assert tokens == Counter(attempt["lease_token"] for attempt in history)
