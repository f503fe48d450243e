"""What strangers' addresses cannot do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@pytest.mark.parametrize(
    "address", ["https://bob:pw@127.0.0.1/x", "https://example.com@127.0.0.1/x", "https://bob@h/x"]
)
def test_user_names_are_refused(fetch: Fetch, address: str) -> None:
    with pytest.raises(ImageRefused, match="holds a user name or a password"):
        fetch([address])


@pytest.mark.parametrize("port", [22, 5432, 6379, 8080])
def test_only_the_ports_of_the_web_are_open(fetch: Fetch, port: int) -> None:
    with pytest.raises(ImageRefused, match=f"asks for port {port}; only 80 and 443 are open"):
        fetch([f"https://example.com:{port}/x"])


def test_http_is_refused_unless_the_owner_allows_it(fetch: Fetch) -> None:
    with pytest.raises(ImageRefused, match=r"http:// address\. .*ARENA_IMAGE_HTTP"):
        fetch(["http://example.com/x"])


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_three_redirects_are_followed(web: Web, fetch: Fetch, status: int) -> None:
    def on(target: str) -> object:
        return lambda request: request.send(status, headers={"Location": target})

    answers = {"/1": on("/2"), "/2": on(web.url("/3")), "/3": on("./4"), "/4": lambda request: request.send(200, b"x")}
    web.answers = answers  # type: ignore[assignment]
    assert fetch([web.url("/1")])[0].read_bytes() == b"x"


def test_a_fourth_is_not(web: Web, fetch: Fetch) -> None:
    web.answers = {"/x": lambda request: request.send(302, headers={"Location": "/x"})}
    with pytest.raises(ImageRefused, match="redirected more than 3 times"):
        fetch([web.url("/x")])
    assert web.asked["/x"] == 4


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "http:// address"),
        ("https://169.254.169.254/latest/meta-data", "not on the public internet"),
        ("https://[::ffff:10.0.0.1]/x", "not on the public internet"),
        ("//127.0.0.1:9/x", "http:// address"),
        ("https://bob:pw@example.com/x", "user name or a password"),
        ("https://example.com:22/x", "port 22"),
        ("https://xn--/x", "cannot be read"),
        ("http://[::ffff:127.0.0.1]:80/x", "http:// address"),
        ("file:///etc/passwd", "is not an https:// address"),
    ],
)
def test_a_redirect_leads_nowhere_that_a_job_may_not(web: Web, fetch: Fetch, location: str, words: str) -> None:
    web.answers = {"/x": lambda request: request.send(302, headers={"Location": location})}
    with pytest.raises(ImageRefused, match=words) as raised:
        fetch([web.url("/x?token=hunter2")], ARENA_IMAGE_HOSTS=web.url().removeprefix("http://"))
    assert "169.254" not in raised.value.reason
    assert web.asked.total() == 1


def test_an_allowed_host_with_a_port_opens_that_port_only(web: Web, fetch: Fetch) -> None:
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    assert fetch([web.url("/x")], ARENA_IMAGE_HOSTS=web.url().removeprefix("http://"))
    with pytest.raises(ImageRefused):
        fetch([web.url("/x")], ARENA_IMAGE_HOSTS="127.0.0.1:1")


def test_another_allowed_host_does_not_open_this_machine(web: Web, fetch: Fetch) -> None:
    with pytest.raises(ImageRefused):
        fetch([web.url("/x")], ARENA_IMAGE_HOSTS="localhost", ARENA_IMAGE_HTTP=True)
    assert not web.asked


def test_cookies_of_one_image_do_not_come_to_another(web: Web, fetch: Fetch) -> None:
    cookies: list[str | None] = []

    def note(request: Request) -> None:
        cookies.append(request.headers["Cookie"])
        request.send(200, b"x", {"Set-Cookie": "a=b"})

    web.answers = {f"/{number}": note for number in range(12)}
    fetch([web.url(f"/{number}") for number in range(12)])
    assert cookies == [None] * 12


def test_no_credentials_of_the_environment_take_part(
    web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login bob password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    headers: list[str] = []

    def note(request: Request) -> None:
        headers.append(str(request.headers))
        request.send(200, b"x")

    web.answers = {"/x": note}
    fetch([web.url("/x")])
    assert "authorization" not in headers[0].lower()
    assert "sb_secret" not in headers[0]


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


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_that_there_is_not_is_refused(fetch: Fetch, port: int) -> None:
    with pytest.raises(ImageRefused, match="a port that there is not"):
        fetch([f"http://127.0.0.1:{port}/x"])


@pytest.mark.parametrize("host", ["xn--bcher-kva.example", "[::1]", "[::1]:{port}", "BCHER.example"])
def test_an_allowed_host_is_found_as_it_is_written(web: Web, fetch_all: FetchAll, host: str) -> None:
    port = web.url().rpartition(":")[2]
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    name = host.partition("]")[0] + "]" if "]" in host else host.replace("xn--bcher-kva", "bücher")

    async def home(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    allowed = host.format(port=port)
    (found,) = fetch_all([f"http://{name}:{port}/x"], resolve=home, ARENA_IMAGE_HOSTS=allowed)
    assert isinstance(found, Path), found


def test_it_says_who_asks(web: Web, fetch: Fetch) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def note(request: Request) -> None:
        asked.append((request.headers["User-Agent"], request.headers["Accept-Encoding"]))
        request.send(200, b"x")

    web.answers = {"/x": note}
    fetch([web.url("/x")])
    assert asked == [("vision-arena", "identity")]
