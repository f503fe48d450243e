"""Connections go to addresses that were looked at, and to no other."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ImageRefused, ImageUnreachable
from benchmark import Cancelled
from tests.agent.images.fetch import Fetch, FetchAll
from tests.agent.images.test_public_address import NOT_PUBLIC
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")

#: Names that are looked up, and what is found.
Names = dict[str, list[str]]


class Resolver:
    """Answers each look-up of a name with the next of its answers, and counts."""

    def __init__(self, **names: list[list[str]]) -> None:
        self._names = {name.replace("_", "."): iter(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return next(self._names[host])


def hosts(kind: str) -> list[str]:
    return [f"[{each}]" if ":" in each else each for each in NOT_PUBLIC[kind] if "%" not in each]


HOSTS = [host for kind in NOT_PUBLIC if kind != "nonsense" for host in hosts(kind)]

ODD = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "0",
    "①②⑦.1",
]


@pytest.mark.parametrize("host", [*HOSTS, *ODD])
def test_a_host_that_is_not_public_is_refused(fetch: Fetch, host: str) -> None:
    with pytest.raises((ImageRefused, ImageUnreachable)) as raised:
        fetch([f"http://{host}/latest/meta-data"], ARENA_IMAGE_HOSTS="", ARENA_IMAGE_HTTP=True)
    if isinstance(raised.value, ImageUnreachable):  # this resolver does not know such a spelling
        assert raised.value.reason == "Its host is not known."
    else:
        assert "not on the public internet" in str(raised.value) or "cannot be read as an address" in str(raised.value)
    if host in HOSTS:
        assert "not on the public internet" in str(raised.value)
        assert "ARENA_IMAGE_HOSTS" in str(raised.value)


def test_one_private_address_among_public_ones_is_enough(fetch: Fetch) -> None:
    names = Resolver(mixed_example=[["93.184.216.34", "10.0.0.1"]])
    with pytest.raises(ImageRefused, match="not on the public internet"):
        fetch(["https://mixed.example/x"], resolve=names)


def test_a_name_is_looked_up_once_and_that_address_is_connected_to(web: Web, fetch_all: FetchAll) -> None:
    """A second look-up, for the connection, would find another address."""
    host, port = "changes.example", web.url().rpartition(":")[2]
    names = Resolver(changes_example=[["127.0.0.1"], ["192.0.2.1"]])
    seen: list[str | None] = []

    def note(request: Request) -> None:
        seen.append(request.headers["Host"])
        request.send(200, b"x")

    web.answers = {"/x": note}
    found = fetch_all([f"http://{host}:{port}/x"], resolve=names, ARENA_IMAGE_HOSTS=host)
    assert not isinstance(found[0], Exception), found
    assert names.asked == [host]
    assert seen == [f"{host}:{port}"]


def test_of_several_addresses_one_that_answers_is_taken(web: Web, fetch_all: FetchAll) -> None:
    port = web.url().rpartition(":")[2]
    names = Resolver(two_example=[["127.0.0.9", "127.0.0.1"]])
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    (found,) = fetch_all([f"http://two.example:{port}/x"], resolve=names, ARENA_IMAGE_HOSTS="two.example")
    assert not isinstance(found, Exception), found


def test_connections_are_used_again(web: Web, fetch: Fetch) -> None:
    clients: set[object] = set()

    def note(request: Request) -> None:
        clients.add(request.client_address)
        request.send(200, b"x")

    web.answers = {"/x": note}
    with keeping_alive():
        fetch([web.url("/x")] * 40)
    assert len(clients) <= 8


@contextmanager
def keeping_alive() -> Iterator[None]:
    before, Request.protocol_version = Request.protocol_version, "HTTP/1.1"
    try:
        yield
    finally:
        Request.protocol_version = before


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names under hangs.example that were looked up, by a resolver that does not come back for them."""
    over, asked, found = threading.Event(), [], socket.getaddrinfo

    def look_up(host: str, *arguments: Any, **options: Any) -> Any:
        if not host.endswith("hangs.example"):
            return found(host, *arguments, **options)
        asked.append(host)
        over.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield asked
    over.set()


def test_a_look_up_that_hangs_is_broken_off(fetch: Fetch, hanging: list[str]) -> None:
    with pytest.raises(Cancelled):
        fetch(["https://hangs.example/x"], should_stop=lambda: bool(hanging))


def test_look_ups_that_hang_hold_up_no_other(
    web: Web, fetch_all: FetchAll, hanging: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.images.patience._CONNECT_SECONDS", 0.5)
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    bad = [f"https://{number}.hangs.example/x" for number in range(7)]
    good = [web.url("/x").replace("127.0.0.1", "localhost")] * 20
    found = fetch_all([*bad, *good], ARENA_IMAGE_HOSTS="localhost")
    assert [isinstance(each, Path) for each in found] == [False] * 7 + [True] * 20
    assert "It cannot be fetched: ConnectTimeout" in str(found[0])
    assert len(set(hanging)) == 7


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("metadata.google.internal", "169.254.169.254"),
        ("metadata.google.internal", "fd20:ce::254"),
        ("instance-data.ec2.internal", "fd00:ec2::254"),
        ("abc123.runpod.internal", "10.1.2.3"),
        ("abc123.runpod.internal", "100.65.2.3"),
        ("kubernetes.default.svc", "10.96.0.1"),
        ("host.docker.internal", "192.168.65.254"),
        ("nat64.example", "64:ff9b::a9fe:a9fe"),
        ("scoped.example", "2606:2800:220:1::1%eth0"),
        ("empty.example", ""),
    ],
)
def test_names_inside_are_refused_by_where_they_lead(fetch: Fetch, name: str, address: str) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return [address]

    with pytest.raises(ImageRefused, match="not on the public internet"):
        fetch([f"https://{name}/x"], resolve=inside, ARENA_IMAGE_HOSTS="cars.example")


class OverSix(HTTPServer):
    address_family = socket.AF_INET6


class Hosts(BaseHTTPRequestHandler):
    """Sends the Host header back."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.headers["Host"]).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def six() -> Iterator[int]:
    """The port of a server at ::1."""
    try:
        server = OverSix(("::1", 0), Hosts)
    except OSError:
        pytest.skip("this machine has no ::1")
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_an_ipv6_address_is_connected_to_if_allowed(fetch: Fetch, six: int) -> None:
    (file,) = fetch([f"http://[::1]:{six}/x"], ARENA_IMAGE_HOSTS=f"[::1]:{six}")
    assert file.read_text() == f"[::1]:{six}"
    with pytest.raises(ImageRefused, match="only 80 and 443 are open"):
        fetch([f"http://[::1]:{six}/x"], ARENA_IMAGE_HOSTS="[::1]:1", ARENA_IMAGE_HTTP=True)


def test_a_name_may_lead_to_one(fetch: Fetch, six: int) -> None:
    async def over_six(host: str, port: int) -> list[str]:
        return ["::1"]

    (file,) = fetch([f"http://six.example:{six}/x"], resolve=over_six, ARENA_IMAGE_HOSTS="six.example")
    assert file.read_text() == f"six.example:{six}"
