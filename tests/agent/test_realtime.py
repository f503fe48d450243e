"""Every way in which a Realtime session can die, at a server that dies on purpose."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve

from agent.credentials import Credentials
from agent.realtime import Binding, Change, Subscription, Timing

PATIENCE_SECONDS = 30.0
QUICK = Timing(ready=10.0, ping=5.0, lifetime=60.0, first_pause=0.02, last_pause=0.1)
IMPATIENT = replace(QUICK, ready=0.5)
BINDING = {"event": "INSERT", "schema": "public", "table": "jobs", "filter": "status=eq.pending"}
ROW: dict[str, Any] = {
    "schema": "public",
    "table": "jobs",
    "type": "INSERT",
    "commit_timestamp": "2026-11-23T12:00:00.000Z",
    "columns": [],
    "record": {"id": "1"},
    "errors": None,
}


class Guest:
    """A subscriber, as the server sees it."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self._join: dict[str, Any] = {}

    async def knock(self) -> None:
        """Wait until it asks to join."""
        while self._join.get("event") != "phx_join":
            self._join = json.loads(await self.connection.recv())

    async def say(self, event: str, payload: Any, ref: str | None = None) -> None:
        frame = {"topic": self._join["topic"], "event": event, "payload": payload, "ref": ref}
        await self.connection.send(json.dumps(frame))

    async def reply(self, status: str, response: Any) -> None:
        await self.say("phx_reply", {"status": status, "response": response}, self._join["ref"])

    async def system(self, extension: str, status: str, message: str) -> None:
        payload = {"extension": extension, "status": status, "message": message, "channel": "vision-arena"}
        await self.say("system", payload)

    async def let_in(self) -> None:
        await self.knock()
        await self.reply("ok", {"postgres_changes": [{"id": 7, **BINDING}]})

    async def promise(self) -> None:
        """Let it in and say that rows will come."""
        await self.let_in()
        await self.system("postgres_changes", "ok", "Subscribed to PostgreSQL")

    async def tell(self) -> None:
        """Of a row."""
        await self.say("postgres_changes", {"ids": [7], "data": ROW})

    async def stay(self) -> None:
        """Until it leaves."""
        await self.connection.wait_closed()


Manner = Callable[[Guest], Awaitable[None]]


async def closes_the_channel(guest: Guest) -> None:
    await guest.promise()
    await guest.say("phx_close", {})
    await guest.stay()


async def reports_an_error_of_the_channel(guest: Guest) -> None:
    await guest.promise()
    await guest.say("phx_error", {})
    await guest.stay()


async def reports_an_error_of_the_system(guest: Guest) -> None:
    await guest.promise()
    await guest.system("system", "error", "Token has expired 0 seconds ago")
    await guest.stay()


async def reports_an_error_of_the_stream(guest: Guest) -> None:
    await guest.promise()
    await guest.system("postgres_changes", "error", "The slot is gone")
    await guest.stay()


async def cannot_subscribe_to_the_stream(guest: Guest) -> None:
    await guest.let_in()
    await guest.system("postgres_changes", "error", "Unable to subscribe")
    await guest.stay()


def closes_the_socket(code: int) -> Manner:
    async def close(guest: Guest) -> None:
        await guest.promise()
        await guest.connection.close(code)

    close.__name__ = f"closes the socket with {code}"
    return close


async def resets_the_connection(guest: Guest) -> None:
    await guest.promise()
    guest.connection.transport.abort()


async def refuses_the_join(guest: Guest) -> None:
    await guest.knock()
    await guest.reply("error", {"reason": "Unauthorized: not you"})
    await guest.stay()


async def never_answers_the_join(guest: Guest) -> None:
    await guest.knock()
    await guest.stay()


async def never_promises_rows(guest: Guest) -> None:
    await guest.let_in()
    await guest.system("presence", "ok", "Presence is ready")
    await guest.stay()


async def confuses_the_bindings(guest: Guest) -> None:
    await guest.knock()
    await guest.reply("ok", {"postgres_changes": [{"id": 7, **BINDING, "table": "agents"}]})
    await guest.stay()


async def behaves(guest: Guest) -> None:
    await guest.promise()
    await guest.tell()
    await guest.stay()


@dataclass
class Heard:
    """What a subscription has told, and what its log says."""

    ready: int
    changes: list[Change]
    logs: list[Any]
    downs: int = 0


async def hear(
    manners: list[Manner], timing: Timing, enough: Callable[[Heard], bool], on_change: Any = None
) -> tuple[Heard, int]:
    """Subscribe to a server that has a manner for each connection, the last one for all further ones."""
    guests: list[Guest] = []

    async def receive(connection: ServerConnection) -> None:
        guests.append(Guest(connection))
        with suppress(Exception):
            await manners[min(len(guests), len(manners)) - 1](guests[-1])

    with capture_logs() as logs:
        heard = Heard(0, [], logs)

        def note_ready() -> None:
            heard.ready += 1

        def note_down() -> None:
            heard.downs += 1

        async with serve(receive, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            binding = Binding("jobs", "INSERT", BINDING["filter"])
            subscription = Subscription(
                f"http://127.0.0.1:{port}",
                Credentials("sb_x"),
                [binding],
                on_change or heard.changes.append,
                note_ready,
                timing,
                note_down,
            )
            running = asyncio.create_task(subscription.run())
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while not enough(heard):
                        await asyncio.sleep(0.01)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    return heard, len(guests)


def of_the_second_session(heard: Heard) -> bool:
    return len(heard.changes) == 1


# realtime-py reads attributes that websockets 15 calls deprecated; as an error, that would end its reader.
@pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")
@pytest.mark.parametrize(
    ("manner", "timing", "reason"),
    [
        (closes_the_channel, QUICK, "CLOSED"),
        (reports_an_error_of_the_channel, QUICK, "{}"),
        (reports_an_error_of_the_system, QUICK, "Token has expired"),
        (reports_an_error_of_the_stream, QUICK, "The slot is gone"),
        (cannot_subscribe_to_the_stream, QUICK, "Unable to subscribe"),
        (closes_the_socket(1000), QUICK, "1000"),
        (closes_the_socket(1001), QUICK, "1001"),
        (closes_the_socket(1011), QUICK, "1011"),
        (resets_the_connection, QUICK, "no close frame"),
        (refuses_the_join, QUICK, "Unauthorized: not you"),
        (never_answers_the_join, IMPATIENT, "not get ready"),
        (never_promises_rows, IMPATIENT, "not get ready"),
        (confuses_the_bindings, QUICK, "mismatch"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_session_that_dies_is_followed_by_one_that_delivers(manner: Manner, timing: Timing, reason: str) -> None:
    heard, _ = asyncio.run(hear([manner, behaves], timing, of_the_second_session))
    assert [(change.table, change.event, change.record) for change in heard.changes] == [
        ("jobs", "INSERT", {"id": "1"})
    ]
    assert [log["action"] for log in heard.logs] == ["realtime_down"] * heard.downs
    assert reason in heard.logs[0]["reason"]


def test_a_session_that_is_deaf_but_alive_is_replaced_in_time_and_that_is_no_failure() -> None:
    async def is_deaf(guest: Guest) -> None:
        await guest.promise()
        await guest.stay()

    def of_both(heard: Heard) -> bool:
        return of_the_second_session(heard) and heard.ready == 2  # a row may come before the word that it is ready

    heard, guests = asyncio.run(hear([is_deaf, behaves], replace(QUICK, lifetime=0.3), of_both))
    assert (heard.ready, guests, heard.logs, heard.downs) == (2, 2, [], 0)


def test_a_listener_that_fails_does_not_end_the_subscription() -> None:
    """An error inside realtime-py's reader ends it without a word, and pings are still answered."""
    changes: list[Change] = []

    def fail_once(change: Change) -> None:
        changes.append(change)
        if len(changes) == 1:
            raise RuntimeError("the listener's own")

    heard, _ = asyncio.run(hear([behaves], QUICK, lambda _: len(changes) == 2, fail_once))
    assert [log["reason"] for log in heard.logs] == ["the listener's own"]


def test_pauses_double_up_to_a_limit_with_jitter() -> None:
    async def hangs_up(guest: Guest) -> None:
        guest.connection.transport.abort()

    heard, _ = asyncio.run(hear([hangs_up], QUICK, lambda heard: len(heard.logs) >= 6))
    assert [log["failures"] for log in heard.logs[:6]] == [1, 2, 3, 4, 5, 6]
    longest = [0.02, 0.04, 0.08, 0.1, 0.1, 0.1]
    for log, most in zip(heard.logs, longest, strict=False):
        assert most / 2 - 0.01 <= log["retry_in_s"] <= most + 0.01


@pytest.mark.parametrize(("steady", "failures"), [(0.0, [1, 1, 1]), (60.0, [1, 2, 3])])
def test_pauses_start_anew_only_after_a_session_that_has_delivered_for_a_while(
    steady: float, failures: list[int]
) -> None:
    """A server that promises rows and throws everybody out at once must not be stormed."""
    changes: list[Change] = []

    async def throws_out(guest: Guest) -> None:
        before = len(changes)
        await guest.promise()
        await guest.tell()
        while len(changes) == before:
            await asyncio.sleep(0.01)
        await guest.say("phx_close", {})
        await guest.stay()

    timing = replace(QUICK, steady=steady)
    heard, _ = asyncio.run(hear([throws_out], timing, lambda heard: len(heard.logs) >= 3, changes.append))
    assert [log["failures"] for log in heard.logs[:3]] == failures
