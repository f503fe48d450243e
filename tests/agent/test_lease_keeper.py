"""Keeping a lease, at the real store."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from agent.job import Lease
from agent.lease_keeper import LeaseKeeper
from agent.store import AgentCard, Renewal
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.web import Web


class Noting(SupabaseStore):
    """The real store, which notes when it was asked to renew and with which progress."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.renewals: list[tuple[float, Mapping[str, Any] | None]] = []

    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        self.renewals.append((time.monotonic(), progress))
        return super().renew(lease, progress)


class Clock:
    """The monotonic clock, which a test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def noting(queue: Queue, stack_settings: MakeSettings, card: AgentCard) -> Iterator[Noting]:
    with closing(Noting(stack_settings(ARENA_LEASE_SECONDS=10), card)) as store:
        store.register()
        yield store


@pytest.fixture
def lease(noting: Noting, queue: Queue) -> Lease:
    """A claim; the lease is the shortest there is, and the keeper thinks that it is shorter still."""
    queue.insert()
    lease = noting.claim(uuid.uuid4())
    assert lease is not None
    return replace(lease, seconds=3.0)


def test_a_lease_is_renewed_at_a_third_of_its_length(noting: Noting, lease: Lease, queue: Queue) -> None:
    started = time.monotonic()
    before = queue.expires_at(str(lease.job_id))
    with LeaseKeeper(noting, lease) as keeper:
        until(lambda: len(noting.renewals) >= 2)
        assert keeper.ended is None
    moments = [started, *(moment for moment, _ in noting.renewals)]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert all(gap >= 0.99 for gap in gaps), gaps
    assert queue.expires_at(str(lease.job_id)) > before


def test_progress_goes_out_once_a_second_and_the_last_gets_there(noting: Noting, lease: Lease, queue: Queue) -> None:
    job = str(lease.job_id)
    # Long enough that nothing is renewed for its own sake.
    with LeaseKeeper(noting, replace(lease, seconds=3600.0)) as keeper:
        started = time.monotonic()
        for step in range(150):
            keeper.report({"phase": "load", "step": step})
            time.sleep(0.01)
        queue.await_job(job, lambda row: row["progress"] == {"phase": "load", "step": 149})
        seconds = time.monotonic() - started
        sent = len(noting.renewals)
        assert sent <= seconds + 1
        assert sent >= 2
    assert len(noting.renewals) == sent


def test_the_same_progress_is_not_sent_twice(noting: Noting, lease: Lease) -> None:
    with LeaseKeeper(noting, replace(lease, seconds=3600.0)) as keeper:
        keeper.report({"phase": "load"})
        until(lambda: len(noting.renewals) == 1)
        keeper.report({"phase": "load"})
        time.sleep(1.3)
        assert len(noting.renewals) == 1


def test_a_cancelled_job_is_seen(noting: Noting, lease: Lease, queue: Queue) -> None:
    with LeaseKeeper(noting, lease) as keeper:
        queue.run("select public.cancel_job(%s)", [lease.job_id])
        until(keeper.must_stop)
        assert keeper.ended == "cancelled"


def test_a_lease_that_another_has_is_seen(noting: Noting, lease: Lease) -> None:
    with LeaseKeeper(noting, replace(lease, token=uuid.uuid4())) as keeper:
        until(keeper.must_stop)
        assert keeper.ended == "lost"


def test_nothing_is_renewed_after_the_end(noting: Noting, lease: Lease, queue: Queue) -> None:
    with LeaseKeeper(noting, lease) as keeper:
        queue.run("select public.cancel_job(%s)", [lease.job_id])
        until(keeper.must_stop)
        sent = len(noting.renewals)
        keeper.report({"phase": "late"})
        time.sleep(1.2)
        assert len(noting.renewals) == sent


Trouble = Callable[[Web, LocalStack], None]


def refuse(web: Web, stack: LocalStack) -> None:
    web.answers["/rest/v1/rpc/renew_lease"] = lambda request: request.send(503)


def hang_up(web: Web, stack: LocalStack) -> None:
    web.answers["/rest/v1/rpc/renew_lease"] = lambda request: request.hang_up()


def say_nothing(web: Web, stack: LocalStack) -> None:
    web.answers["/rest/v1/rpc/renew_lease"] = lambda request: request.wait_for(web.closing)


@pytest.mark.parametrize("trouble", [refuse, hang_up, say_nothing])
def test_without_an_answer_the_work_stops_before_the_lease_ends(
    trouble: Trouble, web: Web, stack: LocalStack, lease: Lease, stack_settings: MakeSettings, card: AgentCard
) -> None:
    trouble(web, stack)
    clock = Clock()
    with (
        closing(Noting(stack_settings(SUPABASE_URL=web.url()), card)) as store,
        LeaseKeeper(store, replace(lease, seconds=600.0), clock=clock) as keeper,
    ):
        keeper.report({"phase": "load"})
        until(lambda: len(store.renewals) > 0)
        clock.ahead = 480.0
        assert not keeper.must_stop()
        clock.ahead = 541.0
        assert keeper.must_stop()
        web.closing.set()


def test_the_end_by_its_own_clock_is_called_expired(
    web: Web, stack: LocalStack, lease: Lease, stack_settings: MakeSettings, card: AgentCard
) -> None:
    refuse(web, stack)
    with (
        closing(Noting(stack_settings(SUPABASE_URL=web.url()), card)) as store,
        LeaseKeeper(store, lease) as keeper,
    ):
        until(lambda: keeper.ended is not None)
        assert keeper.ended == "expired"
        assert len(store.renewals) >= 2


def test_a_hiccup_is_survived(
    web: Web, stack: LocalStack, lease: Lease, stack_settings: MakeSettings, card: AgentCard
) -> None:
    answers: Sequence[Callable[[Any], None]] = [
        lambda request: request.send(503),
        lambda request: request.pass_on(stack.url),
    ]
    path = "/rest/v1/rpc/renew_lease"
    web.answers[path] = lambda request: answers[min(web.asked[path], 2) - 1](request)
    clock = Clock()
    with (
        closing(Noting(stack_settings(SUPABASE_URL=web.url()), card)) as store,
        LeaseKeeper(store, replace(lease, seconds=60.0), clock=clock) as keeper,
    ):
        clock.ahead = 30.0
        keeper.report({"phase": "load"})
        until(lambda: web.asked[path] >= 2)
        clock.ahead = 70.0
        until(lambda: not keeper.must_stop())
        assert keeper.ended is None


def test_no_thread_is_left(noting: Noting, lease: Lease) -> None:
    with LeaseKeeper(noting, lease):
        assert "lease-keeper" in {thread.name for thread in threading.enumerate()}
    assert "lease-keeper" not in {thread.name for thread in threading.enumerate()}


def test_a_nudge_renews_within_a_second(noting: Noting, lease: Lease) -> None:
    with LeaseKeeper(noting, replace(lease, seconds=3600.0)) as keeper:
        keeper.renew_now()
        until(lambda: len(noting.renewals) == 1)
        time.sleep(1.2)
        assert len(noting.renewals) == 1


def test_the_work_must_stop_a_little_before_the_deadline_while_its_end_can_still_be_written(
    noting: Noting, lease: Lease
) -> None:
    clock = Clock()
    deadline = time.monotonic() + 600.0
    with LeaseKeeper(noting, replace(lease, seconds=1000.0, deadline=deadline), clock=clock) as keeper:
        clock.ahead = 500.0
        assert not keeper.must_stop()
        clock.ahead = 597.0
        assert (keeper.must_stop(), keeper.time_is_up(), keeper.is_gone()) == (True, True, False)


def test_a_renewal_close_to_the_deadline_does_not_outlast_it(noting: Noting, lease: Lease, queue: Queue) -> None:
    """The database cuts the lease at the deadline and still says that it was renewed."""
    clock = Clock()
    deadline = time.monotonic() + 100.0
    with LeaseKeeper(noting, replace(lease, seconds=60.0, deadline=deadline), clock=clock) as keeper:
        clock.ahead = 50.0
        keeper.renew_now()
        until(lambda: len(noting.renewals) == 1)
        assert keeper.ended is None
        clock.ahead = 101.0
        assert keeper.is_gone()


def test_work_that_does_not_stop_is_reported(noting: Noting, lease: Lease, queue: Queue) -> None:
    stuck = threading.Event()
    with LeaseKeeper(noting, lease, on_stuck=stuck.set, stuck_seconds=0.3):
        assert not stuck.wait(1.0)
        queue.run("select public.cancel_job(%s)", [lease.job_id])
        assert stuck.wait(30.0)


def test_work_that_stops_is_not(noting: Noting, lease: Lease, queue: Queue) -> None:
    stuck = threading.Event()
    with LeaseKeeper(noting, lease, on_stuck=stuck.set, stuck_seconds=5.0) as keeper:
        queue.run("select public.cancel_job(%s)", [lease.job_id])
        until(keeper.must_stop)
    assert not stuck.is_set()


def test_work_that_is_over_is_not_stuck_while_its_end_is_written(noting: Noting, lease: Lease, queue: Queue) -> None:
    """The lease is gone once the end is written, but word of that may be lost and asked for again."""
    stuck = threading.Event()
    with LeaseKeeper(noting, lease, on_stuck=stuck.set, stuck_seconds=0.2) as keeper:
        keeper.work_is_over()
        queue.run("select public.cancel_job(%s)", [lease.job_id])
        until(keeper.must_stop)
        assert not stuck.wait(1.0)
