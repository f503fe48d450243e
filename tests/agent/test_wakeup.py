"""What ends the agent's sleep."""

import gc
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

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
from tests.agent.web import Web
from tests.agent.working import BusyArena, working
from tests.fault_proxy import BlackHole, FaultProxy, Latency

LONG_SECONDS = 60.0
QUICK = Timing(first_pause=0.1, last_pause=0.5)


class Sleeper:
    """Sleeps long, over and over, as an agent that nothing comes for; counts how often it was woken."""

    def __init__(self, wakeup: PollOnly) -> None:
        self._wakeup = wakeup
        self._leaving = False
        self.woken = 0
        self._thread = threading.Thread(target=self._sleep)

    def __enter__(self) -> "Sleeper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving = True
        self._wakeup.wake()
        self._thread.join()

    def _sleep(self) -> None:
        while not self._leaving:
            self._wakeup.wait(LONG_SECONDS)
            self.woken += 1

    def wakes_within(self, seconds: float, because: Callable[[], object]) -> bool:
        before, deadline = self.woken, time.monotonic() + seconds
        because()
        while self.woken == before and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.woken > before


@pytest.fixture
def sleeper(stack: LocalStack, queue: Queue) -> Iterator[Sleeper]:
    """One that Realtime already delivers to."""
    with RealtimeWakeup(stack.url, stack.secret_key) as wakeup, Sleeper(wakeup) as sleeper:
        until(lambda: sleeper.woken == 1)
        yield sleeper


def test_being_subscribed_is_a_reason_to_look(sleeper: Sleeper) -> None:
    assert sleeper.woken == 1


def test_a_new_job_wakes(sleeper: Sleeper, queue: Queue) -> None:
    assert sleeper.wakes_within(10.0, queue.insert)


def test_a_job_that_is_pending_again_wakes(sleeper: Sleeper, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    until(lambda: sleeper.woken == 2)
    leases = []
    assert not sleeper.wakes_within(0.5, lambda: leases.append(store.claim(uuid.uuid4())))
    (lease,) = leases
    assert lease is not None
    assert sleeper.wakes_within(10.0, lambda: store.release(lease))


def test_a_job_that_is_cancelled_does_not_wake(sleeper: Sleeper, queue: Queue) -> None:
    job = queue.insert()
    until(lambda: sleeper.woken == 2)
    assert not sleeper.wakes_within(0.5, lambda: queue.run("select public.cancel_job(%s)", [job]))


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


def realtime_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "realtime"]


def test_nothing_is_left_behind(stack: LocalStack, queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    with RealtimeWakeup(stack.url, stack.secret_key) as wakeup:
        assert realtime_threads() == ["realtime"]
        wakeup.wait(LONG_SECONDS)
    assert realtime_threads() == []
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3])
def test_it_can_be_left_at_any_moment(stack: LocalStack, seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    with RealtimeWakeup(stack.url, stack.secret_key):
        time.sleep(seconds)
    assert realtime_threads() == []
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("status", [401, 503, 200])
def test_a_server_without_realtime_is_tried_again_and_again(web: Web, status: int) -> None:
    web.answers = {"/realtime/v1/websocket": lambda request: request.send(status, b"no")}
    with RealtimeWakeup(web.url(), "sb_secret_wrong") as wakeup:
        until(lambda: web.asked["/realtime/v1/websocket"] >= 2)
        started = time.monotonic()
        wakeup.wait(0.05)
        assert time.monotonic() - started >= 0.05
    assert realtime_threads() == []


def test_a_wrong_key_does_not_end_it(stack: LocalStack) -> None:
    with capture_logs() as logs, RealtimeWakeup(stack.url, "sb_secret_wrong"):
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
        with RealtimeWakeup(first.url, first.secret_key) as wakeup, Sleeper(wakeup) as sleeper:
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


@pytest.fixture
def listening(stack: LocalStack, queue: Queue) -> Iterator[RealtimeWakeup]:
    """A wake-up that Realtime already delivers to."""
    with RealtimeWakeup(stack.url, stack.secret_key) as wakeup:
        wakeup.wait(LONG_SECONDS)
        yield wakeup


def test_the_cancellation_of_the_watched_job_nudges(
    listening: RealtimeWakeup, queue: Queue, store: SupabaseStore
) -> None:
    watched, other, nudges = claim(queue, store), claim(queue, store), Nudges()
    with listening.watching(watched.job_id, nudges):
        queue.run("select public.cancel_job(%s)", [other.job_id])
        time.sleep(0.5)
        assert nudges.count == 0
        queue.run("select public.cancel_job(%s)", [watched.job_id])
        until(lambda: nudges.count == 1)


def test_a_job_that_was_taken_back_nudges_its_former_agent(
    listening: RealtimeWakeup, queue: Queue, store: SupabaseStore
) -> None:
    lease, nudges = claim(queue, store), Nudges()
    with listening.watching(lease.job_id, nudges):
        store.release(lease)
        until(lambda: nudges.count == 1)


def test_nobody_is_nudged_after_the_watch(listening: RealtimeWakeup, queue: Queue, store: SupabaseStore) -> None:
    lease, nudges = claim(queue, store), Nudges()
    with listening.watching(lease.job_id, nudges):
        pass
    queue.run("select public.cancel_job(%s)", [lease.job_id])
    time.sleep(0.5)
    assert nudges.count == 0


def test_a_new_subscription_nudges_for_what_came_in_the_gap(stack: LocalStack, queue: Queue) -> None:
    nudges = Nudges()
    with RealtimeWakeup(stack.url, stack.secret_key, QUICK) as wakeup, wakeup.watching(uuid.uuid4(), nudges):
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


@pytest.fixture
def proxy(stack: LocalStack) -> Iterator[FaultProxy]:
    with FaultProxy(stack.url) as proxy:
        yield proxy


@contextmanager
def sleeping_behind(
    proxy: FaultProxy, stack: LocalStack, timing: Timing = QUICK
) -> Iterator[tuple[Sleeper, list[MutableMapping[str, Any]]]]:
    """A sleeper to whom Realtime delivers through the proxy, and its log."""
    with (
        capture_logs() as logs,
        RealtimeWakeup(proxy.url, stack.secret_key, timing) as wakeup,
        Sleeper(wakeup) as sleeper,
    ):
        until(lambda: sleeper.woken == 1)
        yield sleeper, logs


def down(logs: list[MutableMapping[str, Any]]) -> list[str]:
    """Why Realtime went down, each time."""
    return [str(line["reason"]) for line in logs if line["action"] == "realtime_down"]


def test_a_network_that_is_away_for_long_is_found_again(proxy: FaultProxy, stack: LocalStack, queue: Queue) -> None:
    """Long for realtime-py, which gives up after a few tries."""
    with sleeping_behind(proxy, stack) as (sleeper, logs):
        proxy.refuse()
        until(lambda: len(down(logs)) > 8)
        assert sleeper.wakes_within(10.0, proxy.accept)
        assert sleeper.wakes_within(10.0, queue.insert)


def test_a_silent_death_is_noticed(proxy: FaultProxy, stack: LocalStack, queue: Queue) -> None:
    """No packet comes any more, and no FIN."""
    with sleeping_behind(proxy, stack, replace(QUICK, ping=0.5, ready=1.0)) as (sleeper, logs):
        proxy.set(up=BlackHole(), down=BlackHole())
        until(lambda: down(logs)[:1] == ["the server does not answer any more"])
        assert sleeper.wakes_within(20.0, proxy.heal)
        assert sleeper.wakes_within(10.0, queue.insert)


def test_leaving_does_not_wait_for_a_peer_that_is_gone(proxy: FaultProxy, stack: LocalStack) -> None:
    with RealtimeWakeup(proxy.url, stack.secret_key) as wakeup:
        wakeup.wait(LONG_SECONDS)
        proxy.set(up=BlackHole(), down=BlackHole())
    assert realtime_threads() == []


def test_leaving_in_the_middle_of_a_goodbye_leaves_nothing_open(proxy: FaultProxy, stack: LocalStack) -> None:
    with RealtimeWakeup(proxy.url, stack.secret_key, replace(QUICK, ping=0.2, goodbye=60.0)) as wakeup:
        wakeup.wait(LONG_SECONDS)
        proxy.set(up=BlackHole(), down=BlackHole())
        time.sleep(1.0)
    assert realtime_threads() == []
    gc.collect()


def test_pings_that_are_answered_late_are_answered(proxy: FaultProxy, stack: LocalStack, queue: Queue) -> None:
    with sleeping_behind(proxy, stack, replace(QUICK, ping=2.0)) as (sleeper, logs):
        proxy.set(up=Latency(0.3, jitter=0.2), down=Latency(0.3, jitter=0.2))
        time.sleep(3.0)
        assert sleeper.wakes_within(10.0, queue.insert)
    assert down(logs) == []


def test_a_broken_stream_of_changes_is_found_again(proxy: FaultProxy, stack: LocalStack, queue: Queue) -> None:
    with sleeping_behind(proxy, stack) as (sleeper, logs):
        queue.run("select pg_terminate_backend(active_pid) from pg_replication_slots")
        until(lambda: sleeper.woken >= 2)
        assert "replication stream was lost" in down(logs)[0]
        assert sleeper.wakes_within(10.0, queue.insert)


def test_a_session_is_renewed_as_a_matter_of_course(proxy: FaultProxy, stack: LocalStack, queue: Queue) -> None:
    """The remedy for a server that stays joined, answers pings and delivers nothing."""
    with sleeping_behind(proxy, stack, replace(QUICK, lifetime=0.5)) as (sleeper, logs):
        until(lambda: sleeper.woken >= 4)
        for _ in range(3):
            assert sleeper.wakes_within(10.0, queue.insert)
    assert down(logs) == []


def test_a_token_that_has_run_out_ends_neither_the_poll_nor_the_trying(stack: LocalStack, queue: Queue) -> None:
    token = stack.keys.sign("arena_agent", lifetime_s=4)
    with RealtimeWakeup(stack.url, token, QUICK) as wakeup, Sleeper(wakeup) as sleeper, capture_logs() as logs:
        until(lambda: sleeper.woken == 1)
        assert sleeper.wakes_within(10.0, queue.insert)
        until(lambda: len(down(logs)) >= 4)
        assert realtime_threads() == ["realtime"]
        started = time.monotonic()
        wakeup.wait(0.05)
        assert time.monotonic() - started >= 0.05
    assert "Token has expired" in down(logs)[0]
    assert all("403" in reason for reason in down(logs)[1:])
    assert token not in str(logs)
