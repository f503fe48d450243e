"""A TCP proxy whose faults are switched while it runs, for each direction of its own."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

_CHUNK_BYTES = 65536
_NO_LINGER = struct.pack("ii", 1, 0)


class Pipe:
    """One direction of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.carried = 0
        """Bytes that arrived since the present fault came."""
        self.dead = False
        """Whether bytes were swallowed: what comes behind the gap must not arrive either."""

    async def pump(self, carry: Callable[[bytes], Awaitable[None]]) -> None:
        """Have carried what comes, the end as no bytes; raises EOFError there."""
        while True:
            data = await self._reader.read(_CHUNK_BYTES)
            if not self.dead:
                await carry(data)
                self.carried += len(data)
            if not data:
                break
        if self.dead:
            # The end is swallowed too: the connection is over when its other direction is.
            await asyncio.Event().wait()
        raise EOFError

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def end(self) -> None:
        """Close what it writes to, once all is written."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def reset(self) -> None:
        """Close it so that the peer gets an RST instead of a FIN; does nothing once it is closed."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._writer.transport.abort()


class Broken(Exception):
    """The connection is to be reset."""


class Fault(Protocol):
    """What happens to bytes on their way."""

    async def carry(self, data: bytes, pipe: Pipe) -> None:
        """Deal with what has arrived; raises Broken to end the connection by an RST at both ends."""


@dataclass(frozen=True)
class Pass:
    """No fault."""

    async def carry(self, data: bytes, pipe: Pipe) -> None:
        await pipe.write(data)


@dataclass(frozen=True)
class Latency:
    """Every piece comes later, by ``seconds`` give or take the jitter."""

    seconds: float
    jitter: float = 0.0

    async def carry(self, data: bytes, pipe: Pipe) -> None:
        await asyncio.sleep(max(0.0, self.seconds + random.uniform(-self.jitter, self.jitter)))
        await pipe.write(data)


@dataclass(frozen=True)
class BlackHole:
    """Accepts, swallows, never answers. A connection that met it stays dead: no router remembers it."""

    async def carry(self, data: bytes, pipe: Pipe) -> None:
        pipe.dead = True


@dataclass(frozen=True)
class Cut:
    """So many bytes get through, then an RST. With none, ``down``: the request arrives, its answer does not."""

    after: int = 0

    async def carry(self, data: bytes, pipe: Pipe) -> None:
        left = self.after - pipe.carried
        if len(data) <= left:
            return await pipe.write(data)
        await pipe.write(data[: max(0, left)])
        raise Broken


class Link:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, up: Pipe, down: Pipe) -> None:
        self.up, self.down = up, down
        self.drops_answer = False

    async def run(
        self, carry_up: Callable[[bytes], Awaitable[None]], carry_down: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Carry both ways until one of them ends."""
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self.up.pump(carry_up))
                pumps.create_task(self.down.pump(carry_down))
        except* EOFError:
            await self.up.end()
            await self.down.end()
        except* (Broken, OSError):
            pass
        finally:
            self.reset()

    def renew(self) -> None:
        """Count bytes anew: another fault has come."""
        self.up.carried = self.down.carried = 0

    def reset(self) -> None:
        self.up.reset()
        self.down.reset()


class FaultProxy:
    """Stands before ``server_url`` for as long as the context lasts.

    Faults hold for all connections, those that are open included, until others are set. Safe to
    use from any thread: a method returns when its effect has begun.
    """

    def __init__(self, server_url: str) -> None:
        target = urlsplit(server_url)
        self._target = (target.hostname, target.port)
        self._up: Fault = Pass()
        self._down: Fault = Pass()
        self._victims: list[bytes] = []
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy")
        # Bound beside the listening socket and never listening: it keeps the port while connections are refused.
        self._holder = _bound(0)
        self._port: int = self._holder.getsockname()[1]
        self._server: asyncio.Server | None = None
        self.accepted = 0
        """Connections so far."""
        self.dropped = 0
        """Answers that ``drop_reply`` has dropped."""

    @property
    def url(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._shut_down)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()

    def set(self, *, up: Fault | None = None, down: Fault | None = None) -> None:
        """Faults from now on; a direction that is not named has none."""
        self._do(partial(self._set, up or Pass(), down or Pass()))

    def heal(self) -> None:
        """No faults any more. Connections that a black hole has swallowed stay dead."""
        self._do(self._forget_victims)
        self.set()
        self.accept()

    def drop_reply(self, to: str) -> None:
        """Let the next request whose first bytes hold ``to`` through, and reset when its answer comes."""
        self._do(partial(self._drop_reply, to.encode()))

    def reset(self) -> None:
        """Reset every open connection, once."""
        self._do(self._reset)

    def refuse(self) -> None:
        """Refuse new connections from now on, and reset the open ones."""
        self._do(self._refuse)

    def accept(self) -> None:
        """Accept connections again."""
        self._do(self._listen)

    def _do(self, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(action(), self._loop).result(10)

    async def _set(self, up: Fault, down: Fault) -> None:
        self._up, self._down = up, down
        for link in self._links:
            link.renew()

    async def _drop_reply(self, victim: bytes) -> None:
        self._victims.append(victim)

    async def _forget_victims(self) -> None:
        self._victims.clear()

    async def _reset(self) -> None:
        for link in self._links:
            link.reset()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._welcome, sock=_bound(self._port))

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _shut_down(self) -> None:
        await self._refuse()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # What was aborted is closed in the loop's next turn.
        await asyncio.sleep(0.01)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        # Even a task that was cancelled before it began has a connection to close.
        task.add_done_callback(lambda _: Pipe(reader, writer).reset())
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            from_server, to_server = await asyncio.open_connection(*self._target)
            await self._run(Link(Pipe(reader, to_server), Pipe(from_server, writer)))

    async def _run(self, link: Link) -> None:
        self._links.add(link)
        try:
            await link.run(partial(self._carry_up, link), partial(self._carry_down, link))
        finally:
            self._links.remove(link)

    async def _carry_up(self, link: Link, data: bytes) -> None:
        for victim in [each for each in self._victims if each in data]:
            self._victims.remove(victim)
            link.drops_answer = True
        await self._up.carry(data, link.up)

    async def _carry_down(self, link: Link, data: bytes) -> None:
        if link.drops_answer:
            self.dropped += 1
            raise Broken
        await self._down.carry(data, link.down)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound
