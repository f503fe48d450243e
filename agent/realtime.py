"""One Realtime subscription that comes back after every way it can die.

supabase-py has Realtime in asynchronous form alone. Its own reconnection gives up without a
word in several cases (retries used up, the channel closed by the server, a join refused), so
each session here is built afresh and watched, and any end of it leads to the next one.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.types import PostgresChangesPayload, RealtimePostgresChangesListenEvent

from agent.credentials import Credentials
from agent.log import scrub

_log = structlog.stdlib.get_logger(__name__)

Event = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Binding:
    """What to listen for: one kind of change of one table, perhaps filtered (``id=eq.7``)."""

    table: str
    event: Event
    filter: str | None = None


@dataclass(frozen=True)
class Change:
    """A row that changed. Large columns may be missing from ``record``: fetch the row again."""

    table: str
    event: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Timing:
    """How patient a subscription is; all in seconds."""

    ready: float = 20.0
    """From the start of a session to the server's word that rows will come."""
    ping: float = 10.0
    """Between two pings, and for the answer to each: a silent death is noticed within twice this."""
    lifetime: float = 600.0
    """After this, at the latest, a session is replaced: one that is deaf but alive shows no other sign."""
    steady: float = 10.0
    """A session that delivered for this long was no failure: the pauses start anew."""
    first_pause: float = 1.0
    """The longest pause after a first failure; it doubles with each further one."""
    last_pause: float = 30.0
    """The longest pause of all."""
    goodbye: float = 1.0
    """For how long a peer's part of the closing handshake is awaited."""


class Subscription:
    """Calls ``on_change`` for each change and ``on_ready`` whenever delivery (re)starts.

    What happened before ``on_ready`` was not delivered, so that is the moment to look. ``on_down`` is called when a
    session ends that should not have, or does not come about.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        bindings: list[Binding],
        on_change: Callable[[Change], None],
        on_ready: Callable[[], None],
        timing: Timing = Timing(),
        on_down: Callable[[], None] = lambda: None,
    ) -> None:
        self._url, self._credentials = f"{url}/realtime/v1", credentials
        self._bindings, self._on_change, self._on_ready = bindings, on_change, on_ready
        self._timing, self._on_down = timing, on_down

    async def run(self) -> None:
        """Stay subscribed until cancelled."""
        failures = 0
        while True:
            session = await self._new_session()
            try:
                await self._deliver(session)
                failures = 0
            except Exception as error:
                failures = 1 if session.was_steady() else failures + 1
                self._on_down()
                await self._pause(failures, error)

    async def run_once(self) -> None:
        """Deliver for one session; raises what ended it, where that was not its time."""
        await self._deliver(await self._new_session())

    async def _new_session(self) -> "_Session":
        client = AsyncRealtimeClient(self._url, self._credentials.apikey, auto_reconnect=False, max_retries=1)
        await client.set_auth(self._credentials.bearer)
        return _Session(client, self._timing)

    async def _deliver(self, session: "_Session") -> None:
        await session.run(self._bindings, self._on_change, self._on_ready)

    async def _pause(self, failures: int, error: Exception) -> None:
        longest = min(self._timing.first_pause * 2.0 ** min(failures - 1, 30), self._timing.last_pause)
        # Half to all of it: clients that one restart has thrown out do not come back as one.
        seconds = longest * random.uniform(0.5, 1.0)
        _log.warning(
            "Realtime is down; polling goes on",
            action="realtime_down",
            reason=scrub(str(error)) or type(error).__name__,
            failures=failures,
            retry_in_s=round(seconds, 2),
        )
        await asyncio.sleep(seconds)


class _SessionEnded(Exception):
    """The subscription is no longer delivering."""


class _Session:
    """One connection with one channel, from its start to its end. What comes late from it reaches no other one."""

    def __init__(self, client: AsyncRealtimeClient, timing: Timing) -> None:
        self._client, self._timing = client, timing
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[str] = self._loop.create_future()
        self._failed: asyncio.Future[str] = self._loop.create_future()
        self._since: float | None = None

    def was_steady(self) -> bool:
        """Whether it delivered for long enough to be no failure."""
        return self._since is not None and self._loop.time() - self._since >= self._timing.steady

    async def run(
        self, bindings: list[Binding], on_change: Callable[[Change], None], on_ready: Callable[[], None]
    ) -> None:
        """Deliver until the session's time is up; raises when it ends before."""
        try:
            await self._begin(bindings, on_change)
            self._since = self._loop.time()
            on_ready()
            await self._deliver()
        finally:
            await self._close()

    async def _begin(self, bindings: list[Binding], on_change: Callable[[Change], None]) -> None:
        """Join, and wait for the server's word that rows will come; "subscribed" alone is no promise."""
        channel = self._client.channel("vision-arena")
        for binding in bindings:
            _bind(channel, binding, on_change)
        channel.on_system(self._on_system)
        try:
            async with asyncio.timeout(self._timing.ready):
                await channel.subscribe(self._on_state)
                await asyncio.wait([self._ready, self._failed], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise _SessionEnded("the server did not get ready in time") from error
        if self._failed.done():
            raise _SessionEnded(self._failed.result())

    async def _deliver(self) -> None:
        """Wait for the end of the session's time; raises for any other end."""
        # The reader ends with the connection, but also by an error of its own, which realtime-py tells nobody.
        reader, socket = self._client._listen_task, self._client._ws_connection
        if reader is None or socket is None:
            raise _SessionEnded("the connection was lost")
        pulse = asyncio.create_task(_pulse(socket.ping, self._timing.ping))
        lifetime = self._timing.lifetime * random.uniform(0.8, 1.0)
        try:
            ends: list[asyncio.Future[Any]] = [self._failed, reader, pulse]
            done, _ = await asyncio.wait(ends, timeout=lifetime, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pulse.cancel()
        if done:
            raise _SessionEnded(next(filter(None, map(_reason, done)), "the connection was lost"))

    async def _close(self) -> None:
        """Say goodbye, but not for long: a peer that is gone does not answer."""
        socket = self._client._ws_connection
        if socket is not None:
            socket.close_timeout = self._timing.goodbye
        try:
            await self._client.close()
        finally:
            if socket is not None:
                # The goodbye itself may have been cancelled, which would leave the connection open.
                socket.transport.abort()

    def _on_system(self, payload: Any) -> None:
        if payload.extension == "postgres_changes" and not self._ready.done():
            self._ready.set_result("ready")

    def _on_state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state != RealtimeSubscribeStates.SUBSCRIBED and not self._failed.done():
            self._failed.set_result(_message(error) or state.value)


def _bind(channel: Any, binding: Binding, on_change: Callable[[Change], None]) -> None:
    def deliver(payload: PostgresChangesPayload) -> None:
        data = payload["data"]
        on_change(Change(data["table"], data["type"], data.get("record") or {}))

    event = RealtimePostgresChangesListenEvent(binding.event)
    channel.on_postgres_changes(event, deliver, table=binding.table, schema="public", filter=binding.filter)


async def _pulse(ping: Callable[[], Awaitable[Awaitable[float]]], seconds: float) -> str:
    """Returns once the peer no longer answers. The library's own pings take 40 s to find that out."""
    try:
        while True:
            await asyncio.sleep(seconds)
            async with asyncio.timeout(seconds):
                await (await ping())
    except TimeoutError:
        return "the server does not answer any more"


def _reason(end: "asyncio.Future[Any]") -> str:
    error = end.exception()
    return str(error or end.result() or "")


def _message(error: Exception | None) -> str:
    """What the server said; realtime-py wraps its payload as JSON."""
    try:
        payload = json.loads(str(error))
        return str(payload.get("message") or payload["reason"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return str(error or "")
