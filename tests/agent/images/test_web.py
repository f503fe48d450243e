"""What strangers' addresses cannot do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.errors import ImageRefused, ImageUnreachable
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


def test_a_look_up_that_hangs_is_broken_off(fetch: Fetch) -> None:
    from benchmark import Cancelled

    asked = threading.Event()

    async def hang(host: str, port: int) -> list[str]:
        import asyncio

        asked.set()
        await asyncio.sleep(60)
        return []

    with pytest.raises(Cancelled):
        fetch(["https://slow.example/x"], should_stop=asked.is_set, resolve=hang)
