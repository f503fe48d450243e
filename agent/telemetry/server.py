"""The HTTP server for whoever watches the agent: /metrics, /healthz, /readyz."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from agent.telemetry.health import Health

_log = structlog.stdlib.get_logger(__name__)

_MOST_AT_ONCE = 16
_SILENT_SECONDS = 5.0


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: HTTPStatus
    content_type: str
    body: bytes


class Pages:
    """What there is to be read; `accept` is the header of that name."""

    def __init__(self, registry: CollectorRegistry, health: Health) -> None:
        self._registry, self._health = registry, health
        self._pages: Mapping[str, Callable[[str], Page]] = {
            "/metrics": self._metrics,
            "/healthz": self._alive,
            "/readyz": self._ready,
        }

    def page(self, path: str, accept: str) -> Page:
        """The page at `path`, which may be any text."""
        find = self._pages.get(path)
        if find is None:
            return _json(HTTPStatus.NOT_FOUND, {"error": f"There are {', '.join(self._pages)}."})
        try:
            return find(accept)
        except Exception:
            _log.exception("telemetry could not be read", action="scrape_failed")
            return _json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "The agent's log says what happened."})

    def _metrics(self, accept: str) -> Page:
        encode, content_type = choose_encoder(accept)
        return Page(HTTPStatus.OK, content_type, encode(self._registry))

    def _alive(self, _accept: str) -> Page:
        silent = self._health.silent()
        return _answer("alive", not any(silent.values()), silent)

    def _ready(self, _accept: str) -> Page:
        unready = self._health.unready()
        return _answer("ready", None in unready.values(), unready)


def _answer(word: str, is_so: bool, workers: Mapping[str, str | None]) -> Page:
    status = HTTPStatus.OK if is_so else HTTPStatus.SERVICE_UNAVAILABLE
    return _json(status, {word: is_so, "workers": {device: problem or "ok" for device, problem in workers.items()}})


def _json(status: HTTPStatus, value: Mapping[str, Any]) -> Page:
    return Page(status, "application/json", (json.dumps(value, ensure_ascii=False) + "\n").encode())


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
