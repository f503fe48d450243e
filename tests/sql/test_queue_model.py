"""The SQL functions against the queue in memory: any calls, in any order, with any token that ever was.

A longer search: QUEUE_MODEL_EXAMPLES=5000 pytest tests/sql/test_queue_model.py
"""

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agent.errors import RequestRefused
from agent.job import Lease
from agent.store import AgentCard, JobStore
from tests.agent.memory_store import MemoryQueue, MemoryStore
from tests.agent.queue_state import YOLOS, Attempt, Job, QueueState
from tests.agent.sql_queue import SqlQueue, SqlStore
from tests.sql.database import RESULT, Database
from tests.sql.disorder import disorder, illegal_transitions

# Steps of time, leases, time limits and due times never end within minutes of each other: the machine may be slow.
STEPS_S = (1_000, 1_000, 4_000, 8_000)
LEASE_S, LIMITS_S, DUE_S = 3_500, (3_250, 20_250, 4_250), (-9_000, 0, 0, 1_500)
BACKOFF_S = 500
SAME_TIME = timedelta(minutes=2)

T = TypeVar("T")

MODELS = (YOLOS, ("detectron2", *YOLOS), ("Trained_yolov5",))
FEW = 3
AGENTS = st.sampled_from([0, 1, 0, 1, 2])
AGO = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8])


def step(**arguments: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule after which an agent may ask for work, as agents do all the time.

    Asking is no rule of its own, since Hypothesis leaves out about half of the rules in any one run.
    """

    def decorate(act: Callable[..., None]) -> Any:
        @wraps(act)
        def act_and_ask(self: "QueueMachine", asks: int | None, **drawn: Any) -> None:
            act(self, **drawn)
            if asks is not None:
                self.every_transition_is_legal()
                self.see_to_a_job()
                self.claim(asks, uuid.UUID(int=100 + self.next_number()))

        return rule(asks=st.none() | AGENTS, **arguments)(act_and_ask)  # type: ignore[no-untyped-call]

    return decorate


class QueueMachine(RuleBasedStateMachine):
    """Does everything to both queues; what they answer and what they remember must be the same.

    Jobs and claims are named by how many have come since: 0 is the latest.
    """

    admin: psycopg.Connection[Any]
    api: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.admin.execute("truncate public.jobs, public.agents cascade")
        self.memory = MemoryQueue()
        self.queues = (SqlQueue(self.admin), self.memory)
        self.stores = [self._agent(number) for number in range(len(MODELS))]
        self.today = self.memory.now()
        self.counted = 0
        self.jobs: list[uuid.UUID] = []
        self.claims: list[tuple[int, Lease, Lease]] = []
        self.statuses: dict[uuid.UUID, str] = {}

    def _agent(self, number: int) -> tuple[JobStore, JobStore]:
        card = AgentCard(uuid.UUID(int=number), "test", "0", hardware={}, models=MODELS[number])
        length: dict[str, int] = {"lease_seconds": LEASE_S, "time_limit_seconds": LIMITS_S[number]}
        stores = SqlStore(self.api, card, **length), MemoryStore(self.memory, card, **length)
        for store in stores:
            store.register()
        return stores

    def next_number(self) -> int:
        self.counted += 1
        return self.counted

    def _same(self, *calls: Callable[[], Any]) -> Any:
        """What both answer."""
        in_sql, in_memory = (answer(call) for call in calls)
        assert in_sql == in_memory, f"the database says {in_sql!r}, the model {in_memory!r}"
        return in_sql

    def claim(self, agent: int, request: uuid.UUID) -> None:
        in_sql, in_memory = (store.claim(request) for store in self.stores[agent])
        assert essence(in_sql) == essence(in_memory)
        if in_sql and in_memory:
            self.claims.append((agent, in_sql, in_memory))

    # What people do, and time.

    @initialize()
    def see_to_a_job(self) -> None:
        if self.unfinished() == 0:
            self._insert(0, models=YOLOS, priority=0, max_attempts=1 + self.counted % 3)

    def unfinished(self) -> int:
        return sum(job.status in ("pending", "running") for job in self.memory.kept.jobs.values())

    @precondition(lambda self: self.unfinished() < FEW)
    @step(
        due=st.sampled_from(DUE_S),
        models=st.sampled_from([YOLOS, ("Trained_yolov5", "Trained_yolov5"), ("detectron2", "Trained_yolov8")]),
        priority=st.integers(0, 1),
        max_attempts=st.integers(1, 3),
    )
    def insert(self, **columns: Any) -> None:
        self._insert(**columns)

    def _insert(self, due: int, **columns: Any) -> None:
        job_id = uuid.uuid5(uuid.NAMESPACE_OID, str(self.next_number()))
        for queue in self.queues:
            queue.insert(id=job_id, run_at=self.today + timedelta(seconds=due), **columns)
        self.jobs.append(job_id)

    @step(jobs_ago=AGO, what=st.sampled_from(["retry", "cancel"]))
    def decide(self, jobs_ago: int, what: str) -> None:
        job = nth_last(self.jobs, jobs_ago)
        self._same(*(partial(getattr(queue, what), job) for queue in self.queues))

    @step(seconds=st.sampled_from(STEPS_S))
    def time_passes(self, seconds: int) -> None:
        self.today += timedelta(seconds=seconds)
        for queue in self.queues:
            queue.advance(seconds)

    @precondition(lambda self: "running" in self.statuses.values())
    @step(jobs_ago=AGO)
    def a_lease_runs_out(self, jobs_ago: int) -> None:
        for queue in self.queues:
            queue.lapse(nth_last(self.jobs, jobs_ago))

    # What agents do, each with any claim it ever had.

    @step(agent=AGENTS, status=st.sampled_from(["idle", "stopped"]))
    def register(self, agent: int, status: Any) -> None:
        for store in self.stores[agent]:
            store.register(status)

    @step(agent=AGENTS, request=st.integers(0, 3), times=st.integers(1, 2))
    def claim_perhaps_again(self, agent: int, request: int, times: int) -> None:
        for _ in range(times):
            self.claim(agent, uuid.UUID(int=request))

    @precondition(lambda self: self.claims)
    @step(claims_ago=AGO, progress=st.sampled_from([None, {"phase": "load"}, {"phase": "measure"}]))
    def renew(self, claims_ago: int, progress: dict[str, str] | None) -> None:
        self._call(claims_ago, lambda store, lease: store.renew(lease, progress))

    @precondition(lambda self: self.claims)
    @step(claims_ago=AGO, how=st.sampled_from(["complete", "fail", "fail for now", "release"]), times=st.integers(1, 2))
    def end(self, claims_ago: int, how: str, times: int) -> None:
        """More than once, as after a reply that was lost."""
        end = self._end(how)
        for _ in range(times):
            if self._call(claims_ago, end) == "retrying":
                self._let_the_backoffs_be_one()

    @precondition(lambda self: self.claims)
    @step(claims_ago=AGO, jobs_ago=AGO, how=st.sampled_from(["complete", "fail", "release"]))
    def end_another_job(self, claims_ago: int, jobs_ago: int, how: str) -> None:
        job, end = nth_last(self.jobs, jobs_ago), self._end(how)
        self._call(claims_ago, lambda store, lease: end(store, replace(lease, job_id=job)))

    def _call(self, claims_ago: int, call: Callable[[JobStore, Lease], str]) -> Any:
        agent, *leases = nth_last(self.claims, claims_ago)
        pairs = zip(self.stores[agent], leases, strict=True)
        return self._same(*(partial(call, store, lease) for store, lease in pairs))

    def _end(self, how: str) -> Callable[[JobStore, Lease], str]:
        number = self.next_number()
        if how == "release":
            return lambda store, lease: store.release(lease)
        if how == "complete":
            result = RESULT | {"environment": {"seed": number}, "winner": "tie"}
            images = [{"side": "a", "image_index": 0, "predicted_count": 1}]
            return lambda store, lease: store.complete(lease, result, images)
        error = {"code": f"error {number}", "message": "It broke."}
        return lambda store, lease: store.fail(lease, error, transient=how == "fail for now")

    def _let_the_backoffs_be_one(self) -> None:
        """They are drawn at random; how long they are is a test of the contract's."""
        for job in self.memory.state().jobs.values():
            if job.status == "pending" and self.memory.now() < job.run_at < self.memory.now() + SAME_TIME:
                for queue in self.queues:
                    queue.put_off(job.id, self.today + timedelta(seconds=BACKOFF_S))

    # What must be so after each of these.

    @invariant()
    def both_remember_the_same(self) -> None:
        in_sql, in_memory = (queue.state() for queue in self.queues)
        assert memory_of(in_sql) == memory_of(in_memory)
        times_in_sql, times_in_memory = times_of(in_sql), times_of(in_memory)
        assert times_in_sql.keys() == times_in_memory.keys()
        for what, time in times_in_sql.items():
            assert abs(time - times_in_memory[what]) < SAME_TIME, what

    @invariant()
    def the_database_is_in_order(self) -> None:
        assert disorder(self.admin) == []

    @invariant()
    def every_transition_is_legal(self) -> None:
        now = {row["id"]: row["status"] for row in self.admin.execute("select id, status from public.jobs")}
        assert illegal_transitions(self.statuses, now) == {}
        self.statuses = now


def nth_last(items: Sequence[T], ago: int) -> T:
    return items[-1 - ago % len(items)]


def answer(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RequestRefused:
        return "refused"


def essence(lease: Lease | None) -> Any:
    """What two claims of the same job have in common."""
    return lease and (lease.job_id, lease.attempt, lease.max_attempts, lease.model_a, lease.model_b)


def memory_of(state: QueueState) -> dict[str, Any]:
    """All that is remembered, but for tokens, which are random, and times."""

    def code(of: Job | Attempt) -> Any:
        return of.error and of.error["code"]

    return {
        "jobs": {job.id: (job.models, job.status, job.attempt, job.progress, code(job)) for job in state.jobs.values()},
        "attempts": {
            (a.agent_id, a.request_id): (a.job_id, a.number, a.outcome, code(a), a.refused, a.expires_at is not None)
            for a in state.attempts.values()
        },
        "results": {job: result["environment"] for job, result in state.results.items()},
        "images": {job: len(rows) for job, rows in state.images.items()},
        "agents": state.agents,
    }


def times_of(state: QueueState) -> dict[Any, datetime]:
    """Every time that decides something."""
    jobs = {job.id: job.run_at for job in state.jobs.values()}
    leases = {
        (a.agent_id, a.request_id, name): time
        for a in state.attempts.values()
        for name, time in (("expires", a.expires_at), ("deadline", a.deadline_at))
        if time is not None
    }
    return jobs | leases


SEARCH = settings(
    max_examples=int(os.environ.get("QUEUE_MODEL_EXAMPLES", "80")),
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture
def machine(own_database: Database) -> Iterator[type[QueueMachine]]:
    """The machine at a database of its own, where agents have their role's rights only."""
    with closing(psycopg.connect(own_database.uri, autocommit=True)) as agents:
        agents.execute("set role arena_agent")

        class Machine(QueueMachine):
            admin, api = own_database.connection, agents

        yield Machine


def test_the_database_answers_as_the_model_whatever_happens(machine: type[QueueMachine]) -> None:
    run_state_machine_as_test(machine, settings=SEARCH)


def test_a_database_that_does_not_ask_for_the_token_is_found_out(
    machine: type[QueueMachine], own_database: Database
) -> None:
    mutate(own_database, "arena.lease_state", " and lease_token = p_lease_token", "")
    quick = settings(SEARCH, derandomize=True, database=None, phases=[Phase.generate], print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=quick)


def mutate(database: Database, function: str, old: str, new: str) -> None:
    """Change a function's text in this database."""
    text = database.value("select pg_get_functiondef(%s::regproc)", function)
    assert old in text
    database.rows(text.replace(old, new))
