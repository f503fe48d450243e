"""An attempt's hard time limit: who is alive but stuck loses the job as well."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.errors import StoreUnavailable
from agent.job import Lease
from agent.settings import Settings
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from tests.agent.agent_process import SCENES, make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.working import GOOD, BusyArena, OddComparison, finished, working

TIME_LIMIT_SECONDS = 8


@pytest.fixture
def settings(stack_settings: MakeSettings, tmp_path: Path) -> Settings:
    settings = stack_settings(**make_workplace(tmp_path), ARENA_POLL_SECONDS=0.1, ARENA_LEASE_SECONDS=10)
    return settings.model_copy(update={"time_limit_seconds": TIME_LIMIT_SECONDS})


@pytest.fixture
def limited(queue: Queue, settings: Settings, card: AgentCard) -> Iterator[SupabaseStore]:
    """The store of an agent that has a short time limit."""
    with closing(SupabaseStore(settings, card)) as store:
        yield store


@pytest.fixture
def other(queue: Queue, settings: Settings, card: AgentCard) -> Iterator[SupabaseStore]:
    """The store of another agent."""
    with closing(SupabaseStore(settings, replace(card, id=uuid.uuid4()))) as store:
        store.register()
        yield store


def await_claim(store: SupabaseStore) -> Lease:
    lease: Lease | None = None

    def claim() -> bool:
        nonlocal lease
        lease = store.claim(uuid.uuid4())
        return lease is not None

    until(claim)
    assert lease is not None
    return lease


def test_an_attempt_that_takes_too_long_is_ended_by_its_agent_which_goes_on(
    settings: Settings, card: AgentCard, limited: SupabaseStore, queue: Queue
) -> None:
    endless = BusyArena(threading.Event())
    jobs = [queue.insert(SCENES, max_attempts=1) for _ in range(2)]
    with working(settings, card, limited, endless):
        rows = [queue.await_job(job, finished) for job in jobs]
    assert [(row["status"], row["error"]["code"]) for row in rows] == [("failed", "time_limit")] * 2
    attempts = queue.run("select outcome, ended_at - started_at < interval '8 s' as in_time from public.job_attempts")
    assert attempts == [{"outcome": "failed", "in_time": True}] * 2


def test_an_attempt_that_took_too_long_is_tried_again(
    settings: Settings, card: AgentCard, limited: SupabaseStore, queue: Queue
) -> None:
    job = queue.insert(SCENES)
    with working(settings, card, limited, BusyArena(threading.Event())):
        row = queue.await_job(job, lambda row: row["error"] is not None)
    assert (row["status"], row["attempt"], row["error"]["code"]) == ("pending", 1, "time_limit")


def test_an_agent_that_is_alive_but_stuck_loses_the_job(
    settings: Settings, card: AgentCard, limited: SupabaseStore, other: SupabaseStore, queue: Queue
) -> None:
    """It goes on renewing, and that does not help it beyond the limit."""
    freed = threading.Event()

    def hang() -> OddComparison:
        freed.wait(60)
        return OddComparison(GOOD)

    job = queue.insert(SCENES)
    with working(settings, card, limited, hang) as (worker, _):
        queue.await_job(job, lambda row: row["status"] == "running")
        lease = await_claim(other)
        assert (str(lease.job_id), lease.attempt) == (job, 2)
        worker.drain()
        freed.set()
    (first, _) = queue.run("select outcome, error from public.job_attempts order by started_at")
    assert (first["outcome"], first["error"]["code"]) == ("expired", "time_limit")
    assert queue.run("select * from public.comparison_results") == []
    assert other.complete(lease, GOOD, []) == "completed"


def test_an_agent_whose_result_cannot_be_written_does_not_keep_the_job_for_ever(
    settings: Settings, card: AgentCard, other: SupabaseStore, queue: Queue
) -> None:
    """Its renewals succeed all the while, so nothing else would tell (Solid Queue 748)."""

    class Mute(SupabaseStore):
        def complete(self, *_: Any, **__: Any) -> Any:
            raise StoreUnavailable

    job = queue.insert(SCENES)
    with (
        closing(Mute(settings, card)) as store,
        working(settings, card, store, lambda: OddComparison(GOOD)) as (worker, _),
    ):
        queue.await_job(job, lambda row: row["status"] == "running")
        worker.drain()
        lease = await_claim(other)
    assert (str(lease.job_id), lease.attempt) == (job, 2)
