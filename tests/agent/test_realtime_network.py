"""What becomes of the wake-up when the network, the stream of changes or its token dies, at the real stack."""

import gc
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.credentials import Credentials
from agent.realtime import Timing
from agent.wakeup import RealtimeWakeup
from local import LocalStack
from tests.agent.queue import Queue, until
from tests.agent.sleeper import LONG_SECONDS, Sleeper, realtime_threads
from tests.fault_proxy import BlackHole, FaultProxy, Latency

QUICK = Timing(first_pause=0.1, last_pause=0.5)


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
        RealtimeWakeup(proxy.url, Credentials(stack.secret_key), timing) as wakeup,
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
    with RealtimeWakeup(proxy.url, Credentials(stack.secret_key)) as wakeup:
        wakeup.wait(LONG_SECONDS)
        proxy.set(up=BlackHole(), down=BlackHole())
    assert realtime_threads() == []


def test_leaving_in_the_middle_of_a_goodbye_leaves_nothing_open(proxy: FaultProxy, stack: LocalStack) -> None:
    with RealtimeWakeup(proxy.url, Credentials(stack.secret_key), replace(QUICK, ping=0.2, goodbye=60.0)) as wakeup:
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
    with (
        RealtimeWakeup(stack.url, Credentials(stack.publishable_key, token), QUICK) as wakeup,
        Sleeper(wakeup) as sleeper,
        capture_logs() as logs,
    ):
        until(lambda: sleeper.woken == 1)
        assert sleeper.wakes_within(10.0, queue.insert)
        until(lambda: len(down(logs)) >= 4)
        assert realtime_threads() == ["realtime"]
        started = time.monotonic()
        wakeup.wait(0.05)
        assert time.monotonic() - started >= 0.05
    assert all("Token has expired" in reason for reason in down(logs))
    assert token not in str(logs)
