"""What ends the agent's sleep."""

import gc
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from agent.credentials import Credentials
from agent.job import Lease
from agent.lease_keeper import LeaseKeeper
from agent.migrate import migrate
from agent.realtime import Timing
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from agent.wakeup import PollOnly, RealtimeWakeup
from local import LocalStack
from tests.agent.agent_process import SCENES, make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.sleeper import LONG_SECONDS, Sleeper, realtime_threads
from tests.agent.web import Web
from tests.agent.working import BusyArena, working

QUICK = Timing(first_pause=0.1, last_pause=0.5)


@pytest.fixture
def sleeper(stack: LocalStack, queue: Queue) -> Iterator[Sleeper]:
    """One that Realtime already delivers to."""
    with RealtimeWakeup(stack.url, Credentials(stack.secret_key)) as wakeup, Sleeper(wakeup) as sleeper:
        until(lambda: sleeper.woken == 1)
        yield sleeper


def test_being_subscribed_is_a_reason_to_look(sleeper: Sleeper) -> None:
    assert sleeper.woken == 1


def test_a_new_job_wakes(sleeper: Sleeper, queue: Queue) -> None:
    assert sleeper.wakes_within(10.0, queue.insert)


def test_stopping_wakes(sleeper: Sleeper) -> None:
    started = time.monotonic()
    sleeper.__exit__()
    assert time.monotonic() - started < LONG_SECONDS / 2


def test_a_wake_between_two_sleeps_is_not_lost() -> None:
    wakeup = PollOnly()
    wakeup.wake()
    started = time.monotonic()
    wakeup.wait(LONG_SECONDS)
    assert time.monotonic() - started < LONG_SECONDS / 2


def test_a_sleep_ends_by_itself() -> None:
    wakeup = PollOnly()
    wakeup.wait(0.01)


def test_nothing_is_left_behind(stack: LocalStack, queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    with RealtimeWakeup(stack.url, Credentials(stack.secret_key)) as wakeup:
        assert realtime_threads() == ["realtime"]
        wakeup.wait(LONG_SECONDS)
    assert realtime_threads() == []
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3])
def test_it_can_be_left_at_any_moment(stack: LocalStack, seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    with RealtimeWakeup(stack.url, Credentials(stack.secret_key)):
        time.sleep(seconds)
    assert realtime_threads() == []
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("status", [401, 503, 200])
def test_a_server_without_realtime_is_tried_again_and_again(web: Web, status: int) -> None:
    web.answers = {"/realtime/v1/websocket": lambda request: request.send(status, b"no")}
    with RealtimeWakeup(web.url(), Credentials("sb_secret_wrong")) as wakeup:
        until(lambda: web.asked["/realtime/v1/websocket"] >= 2)
        started = time.monotonic()
        wakeup.wait(0.05)
        assert time.monotonic() - started >= 0.05
    assert realtime_threads() == []


def test_a_wrong_key_does_not_end_it(stack: LocalStack) -> None:
    with capture_logs() as logs, RealtimeWakeup(stack.url, Credentials("sb_secret_wrong")):
        until(lambda: len(logs) >= 2)
        assert realtime_threads() == ["realtime"]
    assert {line["action"] for line in logs} == {"realtime_down"}
    assert all("401" in line["reason"] and "sb_secret_wrong" not in str(line) for line in logs)


def test_a_restarted_project_is_found_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("project")
    first = LocalStack(data_dir=folder)
    first.start()
    try:
        migrate(first.database_url)
        port = int(first.url.rpartition(":")[2])
        with RealtimeWakeup(first.url, Credentials(first.secret_key)) as wakeup, Sleeper(wakeup) as sleeper:
            until(lambda: sleeper.woken == 1)
            first.stop()
            second = LocalStack(port=port, data_dir=folder, keys=first.keys)
            with second:
                until(lambda: sleeper.woken == 2, seconds=60.0)
                with psycopg.connect(second.database_url, autocommit=True) as connection:
                    assert sleeper.wakes_within(10.0, Queue(connection).insert)
    finally:
        first.stop()


class Nudges:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def claim(queue: Queue, store: SupabaseStore) -> Lease:
    """The lease of a new job."""
    queue.insert()
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    return lease


class CountedWakeup(RealtimeWakeup):
    """Counts its reasons to wake. A sleeper does not: two at once wake it once."""

    def __init__(self, stack: LocalStack) -> None:
        super().__init__(stack.url, Credentials(stack.secret_key))
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1
        super().wake()


@pytest.fixture
def listening(stack: LocalStack, queue: Queue) -> Iterator[CountedWakeup]:
    """A wake-up that Realtime already delivers to, which is its first reason to wake."""
    with CountedWakeup(stack) as wakeup:
        wakeup.wait(LONG_SECONDS)
        yield wakeup


def test_a_job_that_is_pending_again_wakes_and_one_that_is_claimed_does_not(
    listening: CountedWakeup, queue: Queue, store: SupabaseStore
) -> None:
    lease, nudges = claim(queue, store), Nudges()
    with listening.watching(lease.job_id, nudges):
        store.release(lease)
        until(lambda: nudges.count == 1)  # events come in their order, so all before this one have come
    assert listening.wakes == 1 + 2


def test_a_job_that_is_cancelled_does_not_wake(listening: CountedWakeup, queue: Queue) -> None:
    job, nudges = queue.insert(), Nudges()
    with listening.watching(uuid.UUID(job), nudges):
        queue.run("select public.cancel_job(%s)", [job])
        until(lambda: nudges.count == 1)
    assert listening.wakes == 1 + 1


def test_the_cancellation_of_the_watched_job_nudges_and_no_other(
    listening: CountedWakeup, queue: Queue, store: SupabaseStore
) -> None:
    watched, other, nudges = claim(queue, store), claim(queue, store), Nudges()
    with listening.watching(watched.job_id, nudges):
        for lease in (other, watched):
            queue.run("select public.cancel_job(%s)", [lease.job_id])
        queue.insert()
        until(lambda: listening.wakes == 1 + 3)  # events come in their order, so all before the last have come
        assert nudges.count == 1


def test_a_job_that_was_taken_back_nudges_its_former_agent(
    listening: RealtimeWakeup, queue: Queue, store: SupabaseStore
) -> None:
    lease, nudges = claim(queue, store), Nudges()
    with listening.watching(lease.job_id, nudges):
        store.release(lease)
        until(lambda: nudges.count == 1)


def test_nobody_is_nudged_after_the_watch(listening: CountedWakeup, queue: Queue, store: SupabaseStore) -> None:
    lease, nudges = claim(queue, store), Nudges()
    with listening.watching(lease.job_id, nudges):
        pass
    queue.run("select public.cancel_job(%s)", [lease.job_id])
    queue.insert()
    until(lambda: listening.wakes == 1 + 2)
    assert nudges.count == 0


def test_a_new_subscription_nudges_for_what_came_in_the_gap(stack: LocalStack, queue: Queue) -> None:
    nudges = Nudges()
    with (
        RealtimeWakeup(stack.url, Credentials(stack.secret_key), QUICK) as wakeup,
        wakeup.watching(uuid.uuid4(), nudges),
    ):
        until(lambda: nudges.count == 1)


def test_without_realtime_nobody_is_nudged(queue: Queue, store: SupabaseStore) -> None:
    lease, nudges = claim(queue, store), Nudges()
    with PollOnly() as wakeup, wakeup.watching(lease.job_id, nudges):
        queue.run("select public.cancel_job(%s)", [lease.job_id])
        assert store.renew(lease, None) == "cancelled"
    assert nudges.count == 0


def test_a_cancellation_is_heard_long_before_the_next_renewal(
    listening: RealtimeWakeup, queue: Queue, stack_settings: MakeSettings, card: AgentCard
) -> None:
    with closing(SupabaseStore(stack_settings(ARENA_LEASE_SECONDS=600), card)) as store:
        store.register()
        lease = claim(queue, store)
        with LeaseKeeper(store, lease) as keeper, listening.watching(lease.job_id, keeper.renew_now):
            queue.run("select public.cancel_job(%s)", [lease.job_id])
            until(lambda: keeper.ended == "cancelled")


def test_a_worker_stops_a_cancelled_job_long_before_the_next_renewal(
    listening: RealtimeWakeup, queue: Queue, stack_settings: MakeSettings, card: AgentCard, tmp_path: Path
) -> None:
    settings, arena = stack_settings(**make_workplace(tmp_path), ARENA_LEASE_SECONDS=600), BusyArena(threading.Event())
    job = queue.insert(SCENES)
    with closing(SupabaseStore(settings, card)) as store, working(settings, card, store, arena, listening):
        assert arena.started.wait(30)
        queue.run("select public.cancel_job(%s)", [job])
        assert arena.stopped.wait(30)
