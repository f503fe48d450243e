"""One Realtime subscription that comes back after every way it can die.

supabase-py has Realtime in asynchronous form alone. Its own reconnection gives up without a
word in several cases (retries used up, the channel closed by the server, a join refused), so
each session here is built afresh and watched, and any end of it leads to the next one.
"""

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.types import PostgresChangesPayload, RealtimePostgresChangesListenEvent

from agent.log import scrub

_log = structlog.stdlib.get_logger(__name__)

_READY_SECONDS = 20.0
_CHECK_SECONDS = 0.5
_BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

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


class _SessionEnded(Exception):
    """The subscription is no longer delivering."""


class Subscription:
    """Calls ``on_change`` for each change and ``on_ready`` whenever delivery (re)starts.

    What happened before ``on_ready`` was not delivered, so that is the moment to look.
    """

    def __init__(
        self,
        url: str,
        key: str,
        bindings: list[Binding],
        on_change: Callable[[Change], None],
        on_ready: Callable[[], None],
    ) -> None:
        self._url, self._key = f"{url}/realtime/v1", key
        self._bindings, self._on_change, self._on_ready = bindings, on_change, on_ready
        self._settled = asyncio.Event()
        self._failed: str | None = None
        self._delivered = False

    async def run(self) -> None:
        """Stay subscribed until cancelled."""
        failures = 0
        while True:
            try:
                await self._session()
            except Exception as error:
                failures = 0 if self._delivered else failures + 1
                await self._pause(failures, error)

    async def _pause(self, failures: int, error: Exception) -> None:
        seconds = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
        _log.warning(
            "Realtime is down; polling goes on",
            action="realtime_down",
            reason=scrub(str(error)) or type(error).__name__,
            retry_in_s=seconds,
        )
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))

    async def _session(self) -> None:
        self._settled, self._failed, self._delivered = asyncio.Event(), None, False
        client = AsyncRealtimeClient(self._url, self._key, auto_reconnect=False, max_retries=1)
        try:
            channel = client.channel("vision-arena")
            for binding in self._bindings:
                self._bind(channel, binding)
            channel.on_system(lambda _payload: self._settled.set())
            await channel.subscribe(self._on_state)
            await self._until_delivering()
            self._on_ready()
            while client.is_connected and channel.is_joined and not self._failed:
                await asyncio.sleep(_CHECK_SECONDS)
            raise _SessionEnded(self._failed or "the connection was lost")
        finally:
            await client.close()

    def _bind(self, channel: Any, binding: Binding) -> None:
        def deliver(payload: PostgresChangesPayload) -> None:
            data = payload["data"]
            self._on_change(Change(data["table"], data["type"], data.get("record") or {}))

        event = RealtimePostgresChangesListenEvent(binding.event)
        channel.on_postgres_changes(event, deliver, table=binding.table, schema="public", filter=binding.filter)

    def _on_state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state != RealtimeSubscribeStates.SUBSCRIBED:
            self._failed = _message(error) or state.value
            self._settled.set()

    async def _until_delivering(self) -> None:
        """Wait for the server's word that rows will come; "subscribed" alone is no promise."""
        await asyncio.wait_for(self._settled.wait(), _READY_SECONDS)
        if self._failed:
            raise _SessionEnded(self._failed)
        self._delivered = True


def _message(error: Exception | None) -> str:
    """What the server said; realtime-py wraps its payload as JSON."""
    try:
        return str(json.loads(str(error))["message"])
    except (ValueError, TypeError, KeyError):
        return str(error or "")
