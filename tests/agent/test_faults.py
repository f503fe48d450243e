"""Faults of the network between the agent and Supabase: nothing is lost, nothing is done twice."""

import gc
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from agent.credentials import Credentials
from agent.errors import StoreUnavailable
from agent.job import Lease
from agent.lease_keeper import LeaseKeeper
from agent.realtime import Timing
from agent.settings import Settings
from agent.store import AgentCard, JobStore
from agent.supabase_store import SupabaseStore
from agent.wakeup import RealtimeWakeup
from benchmark import Cancelled
from local import LocalStack
from tests.agent.agent_process import SCENES, make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.working import GOOD, BusyArena, OddComparison, finished, working
from tests.fault_proxy import BlackHole, Cut, FaultProxy, Latency

RPCS = ["register_agent", "claim_job", "renew_lease", "complete_job", "fail_job", "release_job"]
QUICK = Timing(ping=1.0, ready=3.0, first_pause=0.2, last_pause=1.0)
HOLE = {"up": BlackHole(), "down": BlackHole()}


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.supabase_store._timeout_seconds", lambda _lease_seconds: 1.0)


@pytest.fixture
def proxy(stack: LocalStack) -> Iterator[FaultProxy]:
    with FaultProxy(stack.url) as proxy:
        yield proxy


@pytest.fixture
def settings(stack_settings: MakeSettings, proxy: FaultProxy, tmp_path: Path) -> Settings:
    """Of an agent behind the proxy."""
    workplace = make_workplace(tmp_path)
    return stack_settings(**workplace, SUPABASE_URL=proxy.url, ARENA_POLL_SECONDS=0.2, ARENA_LEASE_SECONDS=10)


@pytest.fixture
def behind(queue: Queue, settings: Settings, card: AgentCard) -> Iterator[SupabaseStore]:
    """The store of an agent behind the proxy, over an empty queue."""
    with closing(SupabaseStore(settings, card)) as store:
        yield store


def outcomes(queue: Queue, job: Any) -> list[str | None]:
    """How the job's attempts ended, in their order."""
    rows = queue.run("select outcome from public.job_attempts where job_id = %s order by started_at", [job])
    return [row["outcome"] for row in rows]


def results(queue: Queue, job: Any) -> int:
    """Rows of comparison_results."""
    return len(queue.run("select id from public.comparison_results where job_id = %s", [job]))


def insist(call: Callable[[], Any]) -> Any:
    """The answer, once one comes; fails after a while."""
    for _ in range(30):
        with suppress(StoreUnavailable):
            return call()
        time.sleep(0.05)
    raise AssertionError("no answer ever came")


def new_claim(request_id: uuid.UUID, store: SupabaseStore, _lease: Lease) -> uuid.UUID:
    lease = store.claim(request_id)
    assert lease is not None
    return lease.token


@pytest.mark.parametrize(
    ("rpc", "call", "states"),
    [
        ("register_agent", lambda store, _: store.register(), ["running", "pending"]),
        ("claim_job", partial(new_claim, uuid.uuid4()), ["running", "running"]),
        ("renew_lease", lambda store, lease: store.renew(lease, {"phase": "load"}), ["running", "pending"]),
        ("complete_job", lambda store, lease: store.complete(lease, GOOD, []), ["succeeded", "pending"]),
        ("fail_job", lambda store, lease: store.fail(lease, {"message": "x"}, transient=True), ["pending"] * 2),
        ("release_job", lambda store, lease: store.release(lease), ["pending", "pending"]),
    ],
    ids=RPCS,
)
def test_a_call_whose_reply_was_lost_can_be_made_again(
    proxy: FaultProxy,
    behind: SupabaseStore,
    queue: Queue,
    rpc: str,
    call: Callable[[SupabaseStore, Lease], Any],
    states: list[str],
) -> None:
    jobs = [queue.insert(SCENES) for _ in range(2)]
    behind.register()
    lease = behind.claim(uuid.uuid4())
    assert lease is not None
    proxy.drop_reply(to=f"/rpc/{rpc} ")
    answer = insist(partial(call, behind, lease))
    assert proxy.dropped == 1
    rows = [queue.job(job) for job in jobs]
    assert [row["status"] for row in rows] == states
    assert call(behind, lease) == answer
    assert [queue.job(job) for job in jobs] == rows
    assert len(outcomes(queue, jobs[0])) == 1
    assert len(outcomes(queue, jobs[1])) == (1 if rpc == "claim_job" else 0)
    assert results(queue, jobs[0]) == (1 if rpc == "complete_job" else 0)
    assert rows[0]["attempt"] == (0 if rpc == "release_job" else 1)


class FirstCancelled:
    """Is stopped the first time, and goes well the second."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self) -> OddComparison:
        self._calls += 1
        if self._calls == 1:
            raise Cancelled
        return OddComparison(GOOD)


def fail() -> None:
    raise RuntimeError


@pytest.mark.parametrize(
    ("rpc", "compare", "ends"),
    [
        ("register_agent", lambda: OddComparison(GOOD), ["succeeded"]),
        ("claim_job", lambda: OddComparison(GOOD), ["succeeded"]),
        ("complete_job", lambda: OddComparison(GOOD), ["succeeded"]),
        ("fail_job", fail, ["retrying"]),
        ("release_job", FirstCancelled(), ["released", "succeeded"]),
    ],
    ids=[rpc for rpc in RPCS if rpc != "renew_lease"],
)
def test_a_lost_reply_changes_nothing_about_a_job(
    proxy: FaultProxy,
    behind: SupabaseStore,
    settings: Settings,
    card: AgentCard,
    queue: Queue,
    rpc: str,
    compare: Callable[[], Any],
    ends: list[str],
) -> None:
    job = queue.insert(SCENES)
    proxy.drop_reply(to=f"/rpc/{rpc} ")
    with working(settings, card, behind, compare):
        until(lambda: outcomes(queue, job) == ends)
    assert proxy.dropped == 1
    assert outcomes(queue, job) == ends
    assert queue.job(job)["attempt"] == 1


def test_a_renewal_whose_reply_is_lost_is_made_again(
    proxy: FaultProxy, behind: SupabaseStore, settings: Settings, card: AgentCard, queue: Queue
) -> None:
    job, done = queue.insert(SCENES), threading.Event()
    proxy.drop_reply(to="/rpc/renew_lease ")
    with working(settings, card, behind, BusyArena(done)):
        until(lambda: proxy.dropped == 1)
        before = queue.expires_at(job)
        until(lambda: queue.expires_at(job) > before)
        done.set()
        queue.await_job(job, finished)
    assert outcomes(queue, job) == ["succeeded"]


def test_a_black_hole_shorter_than_the_lease_costs_nothing(
    proxy: FaultProxy, behind: SupabaseStore, settings: Settings, card: AgentCard, queue: Queue
) -> None:
    job, done = queue.insert(SCENES), threading.Event()
    arena = BusyArena(done)
    with capture_logs() as logs, working(settings, card, behind, arena):
        assert arena.started.wait(30)
        proxy.set(**HOLE)
        until(lambda: any(line["action"] == "renew_failed" for line in logs))
        proxy.heal()
        before = queue.expires_at(job)
        until(lambda: queue.expires_at(job) > before)
        done.set()
        queue.await_job(job, finished)
    assert not arena.stopped.is_set()
    assert outcomes(queue, job) == ["succeeded"]


def test_a_black_hole_longer_than_the_lease_ends_the_work_and_another_agent_has_the_job(
    proxy: FaultProxy, settings: Settings, stack: LocalStack, card: AgentCard, queue: Queue
) -> None:
    lost, done = queue.insert(SCENES), threading.Event()
    arena = BusyArena(done)
    short = settings.model_copy(update={"lease_seconds": 3})
    near, other = settings.model_copy(update={"supabase_url": stack.url}), replace(card, id=uuid.uuid4(), name="other")
    with closing(SupabaseStore(short, card)) as behind, working(short, card, behind, arena):
        assert arena.started.wait(30)
        proxy.set(**HOLE)
        assert arena.stopped.wait(30)
        done.set()
        with closing(SupabaseStore(near, other)) as store, working(near, other, store, lambda: OddComparison(GOOD)):
            queue.await_job(lost, finished)
        next_job = queue.insert(SCENES)
        proxy.heal()
        assert queue.await_job(next_job, finished)["status"] == "succeeded"
    assert outcomes(queue, lost) == ["expired", "succeeded"]
    (result,) = queue.run("select agent_id from public.comparison_results where job_id = %s", [lost])
    assert result["agent_id"] == other.id


def test_a_nudge_outlives_a_renewal_that_fails(
    proxy: FaultProxy, stack_settings: MakeSettings, card: AgentCard, queue: Queue
) -> None:
    queue.insert(SCENES)
    settings = stack_settings(SUPABASE_URL=proxy.url, ARENA_LEASE_SECONDS=600)
    with capture_logs() as logs, closing(SupabaseStore(settings, card)) as store:
        store.register()
        lease = store.claim(uuid.uuid4())
        assert lease is not None
        with LeaseKeeper(store, lease) as keeper:
            queue.run("select public.cancel_job(%s)", [lease.job_id])
            proxy.refuse()
            keeper.renew_now()
            until(lambda: any(line["action"] == "renew_failed" for line in logs))
            proxy.heal()
            until(lambda: keeper.ended == "cancelled")


def test_an_agent_asks_again_before_a_poll_is_over_however_long_supabase_was_away(
    settings: Settings, card: AgentCard
) -> None:
    class AwayStore:
        claims = 0

        def register(self, status: str = "idle", problem: str | None = None) -> None: ...

        def claim(self, _request_id: uuid.UUID) -> None:
            self.claims += 1
            raise StoreUnavailable

    store = AwayStore()
    with working(settings, card, cast(JobStore, store), fail):
        until(lambda: store.claims >= 20)


def some_fault(proxy: FaultProxy, chances: random.Random) -> None:
    """One that the network has in store."""
    faults: list[Callable[[], None]] = [
        lambda: proxy.set(up=Latency(0.1, jitter=0.1), down=Latency(0.1, jitter=0.1)),
        lambda: proxy.set(**HOLE),
        lambda: proxy.set(up=BlackHole()),
        lambda: proxy.set(down=BlackHole()),
        lambda: proxy.set(up=Cut(after=chances.randrange(2000))),
        lambda: proxy.set(down=Cut(after=chances.randrange(2000))),
        lambda: proxy.drop_reply(to="/rpc/claim_job "),
        lambda: proxy.drop_reply(to="/rpc/complete_job "),
        proxy.reset,
        proxy.refuse,
    ]
    chances.choice(faults)()


def test_every_job_gets_done_once_while_faults_come_and_go(
    proxy: FaultProxy, settings: Settings, stack: LocalStack, card: AgentCard, queue: Queue
) -> None:
    chances, jobs = random.Random(3), []
    patient = settings.model_copy(update={"lease_seconds": 60})

    def compare() -> OddComparison:
        time.sleep(0.2)
        return OddComparison(GOOD)

    with (
        closing(SupabaseStore(patient, card)) as behind,
        RealtimeWakeup(proxy.url, Credentials(stack.secret_key), QUICK) as wakeup,
        working(patient, card, behind, compare, wakeup),
    ):
        for _ in range(24):
            jobs.append(queue.insert(SCENES, max_attempts=10))
            some_fault(proxy, chances)
            time.sleep(chances.uniform(0.1, 0.8))
            proxy.heal()
            time.sleep(chances.uniform(0.0, 0.4))
        rows = [queue.await_job(job, finished) for job in jobs]
    assert [row["status"] for row in rows] == ["succeeded"] * len(jobs)
    assert [results(queue, job) for job in jobs] == [1] * len(jobs)
    # The lease is long: an attempt that its agent never heard of would still be running.
    assert [outcomes(queue, job) for job in jobs] == [["succeeded"]] * len(jobs)
    gc.collect()
