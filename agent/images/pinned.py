"""Connections that go to an address which was looked at, and to no other."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from threading import Thread
from typing import Any

import httpcore
import httpx

from agent.images.public_address import is_public

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""IP addresses of a host; raises OSError or UnicodeError."""

_MOST_CONNECTIONS = 16
_Socket = Iterable[httpcore.SOCKET_OPTION]


class HostNotPublic(Exception):
    """A host has an address that is not on the public internet."""


class HostUnknown(Exception):
    """A host has no address."""


async def resolve(host: str, port: int) -> list[str]:
    """As this machine's resolver says.

    In a thread of its own, since nothing breaks a look-up off: one that hangs is to hold up no other.
    """
    answer: Future[list[str]] = Future()
    Thread(target=_look_up, args=(host, port, answer), name="look-up", daemon=True).start()
    return await asyncio.wrap_future(answer)


def _look_up(host: str, port: int, answer: "Future[list[str]]") -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        answer.set_exception(error)
    else:
        answer.set_result(list(dict.fromkeys(str(info[4][0]) for info in found)))


class PinnedTransport(httpx.AsyncHTTPTransport):
    """Looks a host up once for a connection, and connects to what was found if all of it is public.

    The name stays in the Host header and is what the certificate must hold. No proxy and no credentials of the
    environment take part. A request raises HostNotPublic or HostUnknown, beside what httpx raises.
    """

    def __init__(
        self, is_allowed: Callable[[str, int], bool], certificates: ssl.SSLContext, resolve: Resolve = resolve
    ) -> None:
        """`is_allowed` says of a host and a port whether its addresses need not be public."""
        super().__init__(verify=certificates, trust_env=False)
        # httpx has no door for a network backend.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates,
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=_MOST_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=_Backend(is_allowed, resolve),
        )


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, is_allowed: Callable[[str, int], bool], resolve: Resolve) -> None:
        self._is_allowed, self._resolve = is_allowed, resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Socket | None = None,
    ) -> httpcore.AsyncNetworkStream:
        error: Exception = HostUnknown(host)
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                error = refused
        raise error

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise HostNotPublic

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int, timeout_s: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout_s):
                found = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(host) from error
        except (OSError, UnicodeError) as error:
            raise HostUnknown(host) from error
        if not self._is_allowed(host, port) and not all(is_public(address) for address in found):
            raise HostNotPublic(host)
        return found
