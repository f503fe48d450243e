"""What ends the agent's sleep."""

import gc
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from structlog.testing import capture_logs

from agent.migrate import migrate
from agent.supabase_store import SupabaseStore
from agent.wakeup import PollOnly, RealtimeWakeup
from local import LocalStack
from tests.agent.queue import Queue, until
from tests.agent.web import Web

LONG_SECONDS = 60.0


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
