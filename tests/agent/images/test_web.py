"""What strangers' addresses cannot do."""

from pathlib import Path

import pytest

from agent.errors import ImageRefused
from tests.agent.images.fetch import Fetch, FetchAll
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")


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
