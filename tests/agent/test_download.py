"""One file from a real server that breaks off, changes its file, sends the wrong one or too much."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from tenacity import wait_none

from agent import download as download_module
from agent.download import DiskFull, Download, public
from agent.errors import WeightsRefused, WeightsUnreachable
from agent.retry_after import retry_after_s
from benchmark import Cancelled, WeightsMismatch
from tests.agent.queue import until
from tests.agent.web import Request, Web
from tests.agent.weights_web import BLOCK, FileServer, random_bytes, sha256

ROOT = Path(__file__).parents[2]
Fetch = Callable[..., bytes]

IN_A_PROCESS = """
import resource, signal, sys
from pathlib import Path
from agent.download import Download
from agent.weights import _disk_errors
url, sha256, target, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
with _disk_errors(Path(target)):
    Download(url, [sha256], Path(target)).run()
"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Download._insist.retry, "wait", wait_none())


@pytest.fixture
def server(web: Web) -> FileServer:
    return FileServer(web)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "w.pt"


@pytest.fixture
def fetch(server: FileServer, target: Path) -> Fetch:
    """What comes of the server's file."""

    def fetch(**given: Any) -> bytes:
        stop = given.pop("should_stop", lambda: False)
        Download(**{"url": server.url, "sha256": [server.sha256], "target": target, **given}).run(stop)
        return target.read_bytes()

    return fetch


def part(target: Path) -> Path:
    return target.with_name(".w.pt.part")


def files(target: Path) -> list[str]:
    return sorted(each.name for each in target.parent.iterdir())


def test_a_file_comes_whole_and_leaves_nothing_beside_it(server: FileServer, fetch: Fetch, target: Path) -> None:
    told: list[tuple[int, int | None]] = []
    assert fetch(on_bytes=lambda *numbers: told.append(numbers)) == server.content
    assert files(target) == ["w.pt"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert told[-1] == (len(server.content), len(server.content))
    assert all(total == len(server.content) for _, total in told)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_after_a_break_it_goes_on_where_it_was(server: FileServer, fetch: Fetch) -> None:
    server.breaks = [10 * BLOCK, 20 * BLOCK]
    assert fetch() == server.content
    assert server.ranges == [None, f"bytes={10 * BLOCK}-", f"bytes={30 * BLOCK}-"]


def test_a_file_without_an_etag_is_known_by_when_it_was_changed(server: FileServer, fetch: Fetch) -> None:
    server.version = {"ETag": 'W/"weak"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    server.breaks = [10 * BLOCK]
    assert fetch() == server.content
    assert server.ranges == [None, f"bytes={10 * BLOCK}-"]


@pytest.mark.parametrize("lacking", ["versions", "ranges"])
def test_a_server_that_cannot_go_on_is_asked_for_all_of_it_again(
    server: FileServer, fetch: Fetch, lacking: str
) -> None:
    server.breaks = [10 * BLOCK]
    if lacking == "versions":
        server.version = {}
    else:
        server.knows_ranges = False
    assert fetch() == server.content
    assert server.ranges == [None, None if lacking == "versions" else f"bytes={10 * BLOCK}-"]


def test_a_file_that_changed_meanwhile_is_begun_anew(server: FileServer, fetch: Fetch) -> None:
    fresh = random_bytes(seed=1)
    before = server.answer

    def change(request: Request) -> None:
        before(request)
        server.content, server.version = fresh, {"ETag": '"two"'}

    server.breaks = [10 * BLOCK]
    server.web.answers["/w.pt"] = change
    assert fetch(sha256=[sha256(fresh)]) == fresh
    assert len(server.ranges) == 2


@pytest.mark.parametrize("wrong", ["place", "version", "nothing"])
def test_a_part_that_was_not_asked_for_is_not_put_behind_the_first(
    server: FileServer, fetch: Fetch, wrong: str
) -> None:
    """Servers that heed If-Range badly."""
    before = server.answer

    def another_part(request: Request) -> None:
        if not request.headers.get("Range"):
            before(request)
            return
        start = 5 * BLOCK if wrong == "place" else 10 * BLOCK
        headers = {"Content-Range": f"bytes {start}-{len(server.content) - 1}/{len(server.content)}"}
        headers |= {"ETag": '"two"'} if wrong == "version" else {}
        request.send(206, server.content[start:], {} if wrong == "nothing" else headers)

    server.breaks = [10 * BLOCK]
    server.web.answers["/w.pt"] = another_part
    assert fetch() == server.content
    assert server.web.asked["/w.pt"] == 3


def test_what_a_dead_process_left_broken_is_begun_anew(server: FileServer, fetch: Fetch, target: Path) -> None:
    """As after a power cut: the size is right, the bytes are not."""
    _leave_a_part(server, fetch, target)
    part(target).write_bytes(bytes(part(target).stat().st_size))
    assert fetch() == server.content
    assert server.ranges[-2:] == [f"bytes={10 * BLOCK}-", None]


def test_what_was_complete_but_not_yet_in_its_place_is_put_there(
    server: FileServer, fetch: Fetch, target: Path
) -> None:
    _leave_a_part(server, fetch, target)
    part(target).write_bytes(server.content)
    assert fetch() == server.content
    assert server.ranges[-1] == f"bytes={len(server.content)}-"


@pytest.mark.parametrize("note", ["", "[]", '{"origin": 1}', '{"origin": "another", "version": "\\"one\\""}', None])
def test_a_part_of_unknown_origin_is_begun_anew(
    server: FileServer, fetch: Fetch, target: Path, note: str | None
) -> None:
    _leave_a_part(server, fetch, target)
    beside = target.with_name(".w.pt.part.json")
    assert "hunter2" not in beside.read_text()
    if note is None:
        beside.unlink()
    else:
        beside.write_text(note)
    assert fetch() == server.content
    assert server.ranges[-1] is None
    assert files(target) == ["w.pt"]


def _leave_a_part(server: FileServer, fetch: Fetch, target: Path) -> None:
    server.breaks = [10 * BLOCK, 0, 0, 0, 0, 0]
    with pytest.raises(WeightsUnreachable):
        fetch()
    assert part(target).stat().st_size == 10 * BLOCK
    assert not target.exists()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_not_there_is_refused_at_once(server: FileServer, fetch: Fetch, target: Path, status: int) -> None:
    server.web.answers["/w.pt"] = lambda request: request.send(status)
    with pytest.raises(WeightsRefused) as raised:
        fetch()
    assert str(raised.value) == f"{server.web.url('/w.pt')}: the server answered {status}, not 200."
    assert server.web.asked["/w.pt"] == 1
    assert files(target) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_six_times(server: FileServer, fetch: Fetch, status: int) -> None:
    server.web.answers["/w.pt"] = lambda request: request.send(status)
    with pytest.raises(WeightsUnreachable, match=f"the server answered {status}") as raised:
        fetch()
    assert server.web.asked["/w.pt"] == 6
    assert "hunter2" not in str(raised.value)


def test_a_server_that_asks_for_a_pause_gets_it(
    server: FileServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    asked_at: list[float] = []
    before = server.answer

    def busy_at_first(request: Request) -> None:
        asked_at.append(time.monotonic())
        if len(asked_at) == 1:
            request.send(503, headers={"Retry-After": "2"})
        else:
            before(request)

    server.web.answers["/w.pt"] = busy_at_first
    assert fetch() == server.content
    assert asked_at[1] - asked_at[0] >= 2


@pytest.mark.parametrize(
    "pause",
    ["3600", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)],
    ids=["seconds", "date"],  # a worker that collects a second later must find the same names
)
def test_a_pause_that_is_too_long_is_left_to_the_next_attempt(server: FileServer, fetch: Fetch, pause: str) -> None:
    server.web.answers["/w.pt"] = lambda request: request.send(503, headers={"Retry-After": pause})
    with pytest.raises(WeightsUnreachable):
        fetch()
    assert server.web.asked["/w.pt"] == 1


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("", 0.0), ("soon", 0.0), ("Mon, 01 Jan 2024 00:00:00 GMT", 0.0)]
)
def test_a_pause_is_read_as_servers_write_it(said: str, seconds: float) -> None:
    assert retry_after_s(httpx.Response(503, headers={"Retry-After": said})) == seconds


def test_the_pauses_grow_and_are_not_the_same_for_all() -> None:
    def pause(attempt: int) -> float:
        state = SimpleNamespace(attempt_number=attempt, outcome=None)
        return download_module._pause(cast(Any, state))

    assert len({pause(5) for _ in range(20)}) > 1
    assert max(pause(1) for _ in range(50)) <= 1 < max(pause(5) for _ in range(50)) <= 16


def test_wrong_bytes_are_not_kept(server: FileServer, fetch: Fetch, target: Path) -> None:
    with pytest.raises(WeightsMismatch, match=r"/w\.pt sends is not what the catalogue names") as raised:
        fetch(sha256=["0" * 64])
    assert raised.value.__notes__ == [f"Its sha256 is {server.sha256}, not {'0' * 64}."]
    assert (files(target), len(server.ranges)) == ([], 1)
    assert "hunter2" not in str(raised.value)


def test_one_of_several_hashes_is_enough(server: FileServer, fetch: Fetch) -> None:
    assert fetch(sha256=["0" * 64, server.sha256]) == server.content


def redirect(web: Web, *places: str) -> str:
    """Address of the first of a chain that leads through ``places``."""
    for number, place in enumerate(places):
        web.answers[f"/{number}"] = lambda request, place=place: request.send(302, headers={"Location": place})  # type: ignore[misc]
    return web.url("/0?token=hunter2")


def test_redirects_are_followed_with_what_is_missing(server: FileServer, fetch: Fetch) -> None:
    server.breaks = [10 * BLOCK]
    url = redirect(server.web, "/1", server.web.url("/2"), "/3", "/4", server.url)
    assert fetch(url=url) == server.content
    assert server.ranges == [None, f"bytes={10 * BLOCK}-"]


def test_a_sixth_redirect_is_not(server: FileServer, fetch: Fetch) -> None:
    with pytest.raises(WeightsRefused, match=r"/0 is redirected more than 5 times\."):
        fetch(url=redirect(server.web, "/1", "/2", "/3", "/4", "/5", server.url))
    assert server.ranges == []


@pytest.mark.parametrize(
    "place", ["http://weights.example/w.pt?key=hunter2", "ftp://127.0.0.1/w.pt", "file:///etc/passwd"]
)
def test_a_redirect_to_another_way_than_https_is_refused(
    server: FileServer, fetch: Fetch, place: str, target: Path
) -> None:
    with pytest.raises(WeightsRefused, match="is not an https:// address") as raised:
        fetch(url=redirect(server.web, place))
    assert "hunter2" not in str(raised.value)
    assert files(target) == []


def test_the_first_address_must_be_https_too(fetch: Fetch) -> None:
    with pytest.raises(WeightsRefused, match=r"http://weights\.example/w\.pt is not an https:// address"):
        fetch(url="http://user:hunter2@weights.example/w.pt")


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/x", "https://localhost/x", "http://[::1]/x"])
def test_a_redirect_from_elsewhere_does_not_lead_to_this_machine(place: str) -> None:
    with pytest.raises(WeightsRefused, match="which is this machine itself"):
        download_module._check_address(httpx.URL(place), at_home=False)


@pytest.mark.parametrize("url", ["https://", "https://x:99999/", "nothing", "https://\x00"])
def test_an_address_that_is_none_is_refused(fetch: Fetch, url: str, target: Path) -> None:
    with pytest.raises(WeightsRefused):
        fetch(url=url)
    assert files(target) == []


def test_an_unknown_host_may_be_known_later(fetch: Fetch) -> None:
    with pytest.raises(
        WeightsUnreachable, match=r"^https://weights\.invalid/w\.pt: ConnectError\. Check the network, or put w\.pt"
    ):
        fetch(url="https://weights.invalid/w.pt?key=hunter2")


def test_people_see_neither_passwords_nor_queries() -> None:
    assert public("https://me:secret@x.example:8443/a/b?c=d#e") == "https://x.example:8443/a/b"


def test_people_see_no_line_breaks_or_control_characters_of_an_address() -> None:
    assert public("https://x.example/%0a%1b[31m%3Fkey=1?c=d") == "https://x.example/%0a%1b[31m%3Fkey=1"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_what_lies_on_this_machine_is_asked_without_a_proxy(
    server: FileServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert fetch() == server.content


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "gopher://me:hunter2@proxy.example"),
        ("HTTPS_PROXY", "http://[::1"),
        ("SSL_CERT_FILE", "/nowhere/hunter2.pem"),
    ],
)
def test_a_proxy_or_certificates_that_cannot_be_used_are_said_and_what_came_is_kept(
    server: FileServer, fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    _leave_a_part(server, fetch, target)
    monkeypatch.setenv(variable, value)
    with pytest.raises(WeightsUnreachable, match="Check HTTPS_PROXY") as raised:
        fetch()
    assert "hunter2" not in str(raised.value)
    assert part(target).exists()


def test_the_file_is_asked_for_as_it_is(server: FileServer, fetch: Fetch) -> None:
    asked: list[str | None] = []
    before = server.answer

    def note(request: Request) -> None:
        asked.append(request.headers.get("Accept-Encoding"))
        before(request)

    server.web.answers["/w.pt"] = note
    fetch()
    assert asked == ["identity"]


def test_a_silent_server_is_given_up_and_what_came_is_kept(server: FileServer, fetch: Fetch, target: Path) -> None:
    def fall_silent(request: Request) -> None:
        request.send_response(200)
        request.send_header("ETag", '"one"')
        request.send_header("Content-Length", str(len(server.content)))
        request.end_headers()
        request.wfile.write(server.content[:BLOCK])
        request.wait_for(server.web.closing)

    server.web.answers["/w.pt"] = fall_silent
    with pytest.raises(WeightsUnreachable, match=r"ReadTimeout\."):
        fetch(silence_seconds=0.2)
    server.web.closing.set()
    assert part(target).stat().st_size == BLOCK


@pytest.mark.parametrize("at", ["the first byte", "the middle", "a pause"])
def test_it_can_be_broken_off_and_gone_on_with(
    server: FileServer, fetch: Fetch, target: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = threading.Event()

    def stall(request: Request) -> None:
        if at == "a pause":
            request.send(503, headers={"Retry-After": "60"})
            reached.set()
            return
        if at == "the middle":
            request.send_response(200)
            request.send_header("ETag", '"one"')
            request.send_header("Content-Length", str(len(server.content)))
            request.end_headers()
            request.wfile.write(server.content[:BLOCK])
            until(lambda: part(target).exists() and part(target).stat().st_size == BLOCK)
        reached.set()
        request.wait_for(server.web.closing)

    if at == "a pause":
        monkeypatch.undo()
    server.web.answers["/w.pt"] = stall
    with pytest.raises(Cancelled):
        fetch(should_stop=reached.is_set)
    server.web.closing.set()
    server.web.answers["/w.pt"] = server.answer
    assert fetch() == server.content
    assert server.ranges == [f"bytes={BLOCK}-" if at == "the middle" else None]


def test_a_download_that_was_broken_off_leaves_no_connection(server: FileServer, fetch: Fetch) -> None:
    with pytest.raises(Cancelled):
        fetch(should_stop=lambda: True)
    gc.collect()  # an open socket would warn now, and warnings are errors


def in_a_process(server: FileServer, target: Path, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", IN_A_PROCESS, server.url, server.sha256, str(target), str(limit)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_a_killed_process_is_followed_by_one_that_goes_on(server: FileServer, fetch: Fetch, target: Path) -> None:
    def stall(request: Request) -> None:
        request.send_response(200)
        request.send_header("ETag", '"one"')
        request.send_header("Content-Length", str(len(server.content)))
        request.end_headers()
        request.wfile.write(server.content[: 30 * BLOCK])
        request.wait_for(server.web.closing)

    server.web.answers["/w.pt"] = stall
    process = in_a_process(server, target)
    until(lambda: part(target).exists() and part(target).stat().st_size >= 20 * BLOCK, seconds=60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    server.web.closing.set()
    left = part(target).stat().st_size
    assert not target.exists()
    server.web.answers["/w.pt"] = server.answer
    assert fetch() == server.content
    assert server.ranges == [f"bytes={left}-"]
    assert files(target) == ["w.pt"]


def test_a_limit_on_the_size_of_files_is_said_and_leaves_nothing(server: FileServer, target: Path) -> None:
    process = in_a_process(server, target, limit=5 * BLOCK)
    _, said = process.communicate()
    assert process.returncode == 1
    assert "WeightsNotSaved: w.pt could not be saved: file too large. Make room for it, or set ARENA_CACHE_DIR" in said
    assert files(target) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_too_small_is_found_out_before_it_is_full(
    server: FileServer, fetch: Fetch, small_disk: Path
) -> None:
    on_disk = small_disk / "w.pt"
    with pytest.raises(DiskFull, match=r"^it needs 1\.3 MB, and 0\.\d MB are free$"):
        fetch(target=on_disk)
    assert files(on_disk) == []


def test_a_disk_that_fills_up_is_left_as_it_was(server: FileServer, fetch: Fetch, small_disk: Path) -> None:
    def without_a_length(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        with suppress(OSError):
            request.wfile.write(server.content)
        request.close_connection = True

    server.web.answers["/w.pt"] = without_a_length
    on_disk = small_disk / "w.pt"
    with pytest.raises(OSError, match="No space left"):
        fetch(target=on_disk)
    assert files(on_disk) == []
