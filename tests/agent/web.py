"""A web server whose answers a test decides."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, and ways to answer it."""

    body = b""

    def send(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer at once."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_on(self, url: str) -> httpx.Response:
        """What another server answers to this request."""
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"host", "content-length"}}
        headers["Accept-Encoding"] = "identity"
        return httpx.request(self.command, url + self.path, content=self.body, headers=headers, trust_env=False)

    def pass_on(self, url: str) -> None:
        """Answer as another server does."""
        answer = self.send_on(url)
        self.send(answer.status_code, answer.content, {"Content-Type": answer.headers["Content-Type"]})

    def hang_up(self) -> None:
        """Answer nothing."""
        self.close_connection = True

    def wait_for(self, end: threading.Event) -> None:
        """Answer nothing for as long as that."""
        end.wait(30)
        self.close_connection = True

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.web.answer(self)

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Web:
    """Serves on this machine; counts requests by path and the most that were open at once."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), Request)
        self._server.web = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._lock = threading.Lock()
        self._open = 0
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.most_open = 0
        self.closing = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "") -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def answer(self, request: Request) -> None:
        """Find the answer to a request by its path, without the query."""
        path = request.path.partition("?")[0]
        with self._lock:
            self.asked[path] += 1
            self._open += 1
            self.most_open = max(self.most_open, self._open)
        try:
            self.answers.get(path, _not_found)(request)
        finally:
            with self._lock:
                self._open -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    web: Web

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what some tests are about."""


def _not_found(request: Request) -> None:
    request.send(404)
