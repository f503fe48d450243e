"""Bringing images to the disk, from a real web server and from a folder."""

import gc
import gzip
import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tenacity import wait_none

from agent.errors import ImageRefused, ImageUnreachable
from agent.images import source
from agent.images.source import _Fetch
from benchmark import Cancelled
from tests.agent.images.fetch import Fetch, FetchAll
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")


def test_files_come_in_the_order_of_the_images(web: Web, fetch: Fetch) -> None:
    def later_is_faster(request: Request) -> None:
        number = int(request.path.removeprefix("/"))
        time.sleep(0.05 * (4 - number))
        request.send(200, f"image {number}".encode())

    web.answers = {f"/{number}": later_is_faster for number in range(4)}
    files = fetch([web.url(f"/{number}") for number in range(4)])
    assert [file.read_text() for file in files] == [f"image {number}" for number in range(4)]


def test_eight_are_fetched_at_once_and_no_more(web: Web, fetch: Fetch) -> None:
    eight_are_here = threading.Barrier(8)

    def wait_for_the_others(request: Request) -> None:
        eight_are_here.wait(30)
        time.sleep(0.1)  # one more would come now
        request.send(200, b"x")

    web.answers = {"/x": wait_for_the_others}
    assert len(fetch([web.url("/x")] * 16)) == 16
    assert web.most_open == 8


def test_what_is_not_there_is_refused_at_once(web: Web, fetch: Fetch) -> None:
    with pytest.raises(ImageRefused, match=r"/none\.jpg: The server answered 404, not 200\."):
        fetch([web.url("/none.jpg")])
    assert web.asked["/none.jpg"] == 1


def test_a_server_in_trouble_is_asked_again(web: Web, fetch: Fetch) -> None:
    statuses = iter([500, 503, 200])
    web.answers = {"/x": lambda request: request.send(next(statuses), b"at last")}
    (file,) = fetch([web.url("/x")])
    assert file.read_bytes() == b"at last"


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_stays_in_trouble_is_named(web: Web, fetch: Fetch, status: int) -> None:
    web.answers = {"/x": lambda request: request.send(status)}
    with pytest.raises(ImageUnreachable, match=f"/x: The server answered {status}"):
        fetch([web.url("/x")])
    assert web.asked["/x"] == 3


def test_a_silent_server_is_given_up(web: Web, fetch: Fetch) -> None:
    web.answers = {"/x": lambda request: request.wait_for(web.closing)}
    with pytest.raises(ImageUnreachable, match="/x"):
        fetch([web.url("/x")], ARENA_IMAGE_TIMEOUT_SECONDS=0.2)
    assert web.asked["/x"] == 3
    web.closing.set()


def test_a_server_that_trickles_is_given_up(web: Web, fetch: Fetch) -> None:
    def trickle(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        while not web.closing.wait(0.02):
            request.wfile.write(b"x")

    web.answers = {"/x": trickle}
    with pytest.raises(ImageUnreachable, match=r"did not arrive within 0\.3 s"):
        fetch([web.url("/x")], ARENA_IMAGE_TIMEOUT_SECONDS=0.3)


def test_all_images_of_a_job_share_a_time(web: Web, fetch_all: FetchAll) -> None:
    web.answers = {
        "/x": lambda request: request.wait_for(web.closing),
        "/good": lambda request: request.send(200, b"x"),
    }
    hanging = [web.url("/x")] * 7
    found = fetch_all([web.url("/good"), *hanging, *hanging], ARENA_IMAGE_TOTAL_SECONDS=0.5)
    web.closing.set()
    assert isinstance(found[0], Path)
    for late in found[1:]:
        assert isinstance(late, ImageUnreachable)
        assert late.reason == "The job's images did not arrive within 0.5 s together."


def test_a_pause_ends_when_the_agent_stops(web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Fetch._download.retry, "wait", source._pause)
    asked = threading.Event()

    def later(request: Request) -> None:
        asked.set()
        request.send(503, headers={"Retry-After": "29"})

    web.answers = {"/x": later}
    start = time.monotonic()
    with pytest.raises(Cancelled):
        fetch([web.url("/x")], should_stop=asked.is_set)
    assert time.monotonic() - start < 20


def test_what_nobody_thought_of_costs_one_image(
    web: Web, fetch_all: FetchAll, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "check_status", lambda *_, **__: 1 / 0)
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    with capture_logs() as logs:
        bad, good = fetch_all([web.url("/x"), "scenes/1.jpg"], ARENA_IMAGE_ROOT=root)
    assert isinstance(bad, ImageRefused)
    assert bad.reason == "The agent met an unexpected error; its log has more."
    assert isinstance(good, Path)
    assert [line["action"] for line in logs] == ["image_failed"]


def test_a_broken_off_answer_is_asked_for_again(web: Web, fetch: Fetch) -> None:
    def hang_up_at_first(request: Request) -> None:
        if web.asked["/x"] > 1:
            request.send(200, b"whole")
            return
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"half")
        request.close_connection = True

    web.answers = {"/x": hang_up_at_first}
    (file,) = fetch([web.url("/x")])
    assert file.read_bytes() == b"whole"


def test_no_server_is_unreachable(fetch: Fetch) -> None:
    with pytest.raises(ImageUnreachable, match="ConnectError"):
        fetch(["http://127.0.0.1:9/x.jpg"])


def test_an_unknown_host_is_unreachable(fetch: Fetch) -> None:
    with pytest.raises(ImageUnreachable, match=r"Its host is not known"):
        fetch(["https://nowhere.invalid/x.jpg"])


def test_the_largest_file_fits_and_one_byte_more_does_not(web: Web, fetch: Fetch) -> None:
    web.answers = {
        "/fits": lambda request: request.send(200, bytes(100_000)),
        "/large": lambda request: request.send(200, bytes(100_001)),
    }
    assert fetch([web.url("/fits")], ARENA_IMAGE_MAX_MB=0.1)[0].stat().st_size == 100_000
    with pytest.raises(ImageRefused, match=r"/large: It is larger than 0\.1 MB\. .*ARENA_IMAGE_MAX_MB"):
        fetch([web.url("/large")], ARENA_IMAGE_MAX_MB=0.1)
    assert web.asked["/large"] == 1


def test_the_query_is_in_no_message(web: Web, fetch: Fetch) -> None:
    address = web.url("/x?token=hunter2")
    for answer in (200, 302, 404, 500):
        web.answers = {"/x": lambda request, status=answer: request.send(status, b"more than fits")}  # type: ignore[misc]
        with pytest.raises((ImageRefused, ImageUnreachable)) as raised:
            fetch([address], ARENA_IMAGE_MAX_MB=0.000001)
        assert "hunter2" not in str(raised.value)
        assert "/x?***" in str(raised.value)


def test_a_proxy_in_the_environment_is_not_used(web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    assert len(fetch([web.url("/x")])) == 1


@pytest.mark.parametrize("address", ["ftp://h/x.jpg", "file:///etc/passwd", "s3://b/x", "data://x", "gopher://h/_x"])
def test_other_schemes_are_refused(fetch: Fetch, address: str) -> None:
    with pytest.raises(ImageRefused, match="reads https:// and storage:// images only"):
        fetch([address])


@pytest.mark.parametrize(
    "address",
    ["http://[::1/x.jpg", "http://h:port/x.jpg", "https://ho st\x7f/x.jpg", "https://xn--/x", "https://１２７.0.0.1/x"],
)
def test_what_is_no_address_is_refused(fetch: Fetch, address: str) -> None:
    with pytest.raises(ImageRefused, match="cannot be read as an address"):
        fetch([address])


def test_a_download_ends_when_the_agent_stops(web: Web, fetch: Fetch, caplog: pytest.LogCaptureFixture) -> None:
    asked = threading.Event()

    def hang(_: Request) -> None:
        asked.set()
        web.closing.wait(60)

    web.answers = {"/x": hang}
    with pytest.raises(Cancelled):
        fetch([web.url("/x")] * 20, should_stop=asked.is_set)
    assert web.asked["/x"] <= 8
    web.closing.set()
    gc.collect()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_one_bad_image_costs_itself(web: Web, fetch_all: FetchAll) -> None:
    web.answers = {"/good": lambda request: request.send(200, b"x")}
    found = fetch_all([web.url("/good"), web.url("/bad"), "ftp://h/x", web.url("/good")])
    assert [type(each).__name__ for each in found] == ["PosixPath", "ImageRefused", "ImageRefused", "PosixPath"]


def test_a_job_may_have_so_many_images_and_no_more(fetch_all: FetchAll, root: Path) -> None:
    found = fetch_all(["scenes/1.jpg"] * 2001, ARENA_IMAGE_ROOT=root)
    assert [isinstance(each, Path) for each in found] == [True] * 2000 + [False]


def test_all_images_of_a_job_share_a_limit(web: Web, fetch_all: FetchAll) -> None:
    web.answers = {"/x": lambda request: request.send(200, bytes(40_000))}
    found = fetch_all([web.url("/x")] * 5, ARENA_IMAGE_TOTAL_MB=0.1)
    refused = [each for each in found if isinstance(each, ImageRefused)]
    assert len(refused) == 3
    assert refused[0].reason == "The job's images are larger than 0.1 MB together."


def test_what_a_compressed_answer_unpacks_to_is_what_counts(web: Web, fetch: Fetch) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    assert len(bomb) < 10_000
    web.answers = {"/x": lambda request: request.send(200, bomb, {"Content-Encoding": "gzip"})}
    with pytest.raises(ImageRefused, match=r"larger than 0\.1 MB"):
        fetch([web.url("/x")], ARENA_IMAGE_MAX_MB=0.1)


def test_a_server_is_left_alone_for_as_long_as_it_asks(web: Web, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Fetch._download.retry, "wait", source._pause)
    monkeypatch.setattr(source, "_backoff", wait_none())
    times: list[float] = []

    def later(request: Request) -> None:
        times.append(time.monotonic())
        request.send(429 if len(times) == 1 else 200, b"x", {"Retry-After": "1"})

    web.answers = {"/x": later}
    fetch([web.url("/x")])
    assert times[1] - times[0] >= 1


def test_one_that_asks_for_too_long_is_not_waited_for(web: Web, fetch: Fetch) -> None:
    web.answers = {"/x": lambda request: request.send(503, headers={"Retry-After": "3600"})}
    with pytest.raises(ImageUnreachable, match="503"):
        fetch([web.url("/x")])
    assert web.asked["/x"] == 1


def test_a_full_disk_costs_the_image_for_now(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    web.answers = {"/x": lambda request: request.send(200, b"x")}
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "00000").mkdir()  # nothing can be written there
    with pytest.raises(ImageUnreachable, match="It cannot be saved: Is a directory"):
        fetch([web.url("/x")])
