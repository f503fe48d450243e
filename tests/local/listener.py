"""A supabase-py client that collects what one Realtime channel receives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from realtime import AsyncRealtimeChannel, RealtimeSubscribeStates
from supabase import AsyncClient, acreate_client

from local import LocalStack

PATIENCE_S = 60.0

Data = dict[str, Any]


class Listener:
    """One channel with one binding; made by `listening`."""

    def __init__(self, client: AsyncClient, channel: AsyncRealtimeChannel) -> None:
        self.client = client
        self.channel = channel
        self.changes: asyncio.Queue[Data] = asyncio.Queue()
        self.systems: asyncio.Queue[Any] = asyncio.Queue()
        self.states: asyncio.Queue[tuple[RealtimeSubscribeStates, Exception | None]] = asyncio.Queue()

    async def next(self) -> Data:
        """The next change, as the server sent it."""
        return await asyncio.wait_for(self.changes.get(), PATIENCE_S)

    async def delivering(self) -> None:
        """Returns once the server has said that changes arrive from now on."""
        while (await asyncio.wait_for(self.systems.get(), PATIENCE_S)).message != "Subscribed to PostgreSQL":
            pass

    async def state(self, wanted: RealtimeSubscribeStates) -> str:
        """Waits for a state; gives the text of its error."""
        while True:
            state, error = await asyncio.wait_for(self.states.get(), PATIENCE_S)
            if state == wanted:
                return str(error)


@asynccontextmanager
async def joined(
    stack: LocalStack,
    *,
    event: Any = "*",
    token: str | None = None,
    key: str | None = None,
    **binding: Any,
) -> AsyncIterator[Listener]:
    """A listener whose join was answered, in whatever way."""
    client = await acreate_client(stack.url, key or stack.publishable_key)
    if token:
        await client.realtime.set_auth(token)
    channel = client.channel(uuid4().hex)
    listener = Listener(client, channel)
    channel.on_postgres_changes(event, lambda payload: listener.changes.put_nowait(dict(payload["data"])), **binding)
    channel.on_system(listener.systems.put_nowait)
    try:
        await channel.subscribe(lambda state, error: listener.states.put_nowait((state, error)))
        yield listener
    finally:
        await client.realtime.close()


@asynccontextmanager
async def listening(stack: LocalStack, **options: Any) -> AsyncIterator[Listener]:
    """A listener to which changes are delivered."""
    async with joined(stack, **options) as listener:
        await listener.delivering()
        yield listener
