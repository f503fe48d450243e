"""The HTTP server for whoever watches the agent."""

import socket
import threading
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self

from agent.telemetry.pages import Pages

_MOST_AT_ONCE = 16
_SILENT_SECONDS = 5.0


class _Request(BaseHTTPRequestHandler):
    """One request; its connection ends with it."""

    server: "Server"
    server_version, sys_version = "arena", ""
    timeout = _SILENT_SECONDS

    def do_GET(self) -> None:
        page = self.server.pages.page(self.path.partition("?")[0], self.headers.get("Accept", ""))
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    do_HEAD = do_GET  # noqa: N815 - likewise

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a line every few seconds helps nobody, and a request may hold a secret."""


class Server(ThreadingHTTPServer):
    """Serves pages on a thread of its own, as a context manager.

    A connection may be silent for 5 s. When there are more than 16, the oldest is closed for the newest, so that
    whoever holds connections open keeps nobody else out. Raises OSError where the port cannot be had.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 4 * _MOST_AT_ONCE

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        """`host` is an address of this machine or a name of one; port 0 takes any that is free."""
        self.pages = pages
        self._open: deque[socket.socket] = deque()
        self._counting = threading.Lock()
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        self.address_family = family
        super().__init__(address[:2], _Request)  # type: ignore[arg-type] # an address of IPv6 is longer
        self._thread = threading.Thread(target=self.serve_forever, args=[0.1], name="telemetry", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Without http.server's search for this machine's name, which may ask the network and wait."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """See socketserver."""
        with self._counting:
            self._open.append(request)
            oldest = self._open.popleft() if len(self._open) > _MOST_AT_ONCE else None
        if oldest:
            _hang_up(oldest)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """See socketserver."""
        with self._counting, suppress(ValueError):  # closed for a newer one
            self._open.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone, or was closed for a newer one."""


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended
        connection.shutdown(socket.SHUT_RDWR)
