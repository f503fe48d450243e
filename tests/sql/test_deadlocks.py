"""All calls take their locks in one order, so no two can wait for each other."""

import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Event
from uuid import UUID, uuid4

from tests.sql.database import Database, Held, Names
from tests.sql.disorder import disorder
from tests.sql.meeting import all_at_once, more_connections, told
from tests.sql.waiting import until

CONNECTIONS = 6
ANSWERS = {"completed", "renewed", "released", "retrying", "failed", "cancelled", "lost", "pending"}
REFUSALS = {"PT404", "PT409", "22023"}

# A renewal that says it is alive before it has its job: the wrong way round.
WRONG_ORDER = """
    create or replace function public.renew_lease(
      p_job_id uuid, p_lease_token uuid, p_lease_seconds int default 60, p_progress jsonb default null)
    returns text language plpgsql security definer set search_path = '' as $$
    begin
      perform arena.heartbeat(agent_id) from public.job_attempts where lease_token = p_lease_token;
      return arena.lease_state(p_job_id, p_lease_token);
    end $$
"""


class Hail:
    """All calls there are, at random, on a few jobs and agents."""

    def __init__(self, database: Database, agents: list[UUID], deadlocked: Event, seed: int) -> None:
        self.database, self.agents, self.deadlocked = database, agents, deadlocked
        self.chance = random.Random(seed)
        self.said: Counter[str] = Counter()
        database.rows("set deadlock_timeout = '20 ms'")

    def fall(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.deadlocked.is_set():
            self.said[told(self.chance.choice(self.calls()))] += 1
            if self.said["40P01"]:
                self.deadlocked.set()

    def calls(self) -> list[Callable[[], object]]:
        """Calls on an agent, a job and a lease of now or of before."""
        agent_id = self.chance.choice(self.agents)
        return [*self.calls_of(agent_id), *self.calls_on_a_job(), *self.calls_with_a_token()]

    def calls_of(self, agent_id: UUID) -> list[Callable[[], object]]:
        db = self.database
        return [
            partial(db.claim, agent_id),
            partial(
                db.call, "register_agent",
                p_agent_id=agent_id, p_name=str(self.chance.random()), p_version="0", p_hardware={}, p_models=Names(),
            ),
            partial(db.answer, "prune_agents", "service_role", p_older_than="50 ms"),
        ]  # fmt: skip

    def calls_on_a_job(self) -> list[Callable[[], object]]:
        db = self.database
        calls: list[Callable[[], object]] = [
            db.insert_job,
            partial(db.answer, "prune_jobs", "service_role", p_older_than="50 ms"),
        ]
        if jobs := db.rows("select id from public.jobs limit 6"):
            job_id = self.chance.choice(jobs)["id"]
            calls += [partial(db.cancel, job_id), partial(db.retry, job_id), partial(db.expire, job_id)]
        return calls

    def calls_with_a_token(self) -> list[Callable[[], object]]:
        attempts = self.database.rows(
            "select * from public.job_attempts order by outcome is not null, started_at desc limit 8"
        )
        if not attempts:
            return []
        attempt = self.chance.choice(attempts)
        held = Held(self.database, attempt["agent_id"], attempt["job_id"], attempt["lease_token"])
        progress = partial(held.renew, p_progress={"at": self.chance.random()})
        return [held.renew, progress, held.complete, held.fail, partial(held.fail, transient=True), held.release]


def hail(database: Database, seconds: float) -> Counter[str]:
    """Let it hail from several connections at once, until the first deadlock; gives what was said."""
    agents, deadlocked = [uuid4() for _ in range(3)], Event()
    with more_connections(database, CONNECTIONS) as connections:
        hails = [Hail(connection, agents, deadlocked, seed) for seed, connection in enumerate(connections)]
        all_at_once([partial(each.fall, seconds) for each in hails])
    return sum((each.said for each in hails), Counter[str]())


def deadlocks(database: Database) -> int:
    """All there were, also those that a function caught. Counted once the other connections are gone."""
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    until(lambda: database.value(others) == 0, "Some connections stay.")
    return int(database.value("select deadlocks from pg_stat_database where datname = current_database()"))


def test_calls_at_random_never_wait_for_each_other_in_a_circle(own_database: Database) -> None:
    said = hail(own_database, seconds=3)
    for _ in range(60):  # until every kind of call has had its chance
        if set(said) >= ANSWERS:
            break
        said += hail(own_database, seconds=1)
    assert set(said) >= ANSWERS, f"Nothing ever said {ANSWERS - set(said)}."
    assert deadlocks(own_database) == 0
    assert disorder(own_database.connection) == []
    assert {word for word in said if len(word) == 5 and word[-1].isdigit()} <= REFUSALS


def test_a_circle_would_be_found(own_database: Database) -> None:
    own_database.rows(WRONG_ORDER)
    hail(own_database, seconds=30)
    assert deadlocks(own_database) > 0
