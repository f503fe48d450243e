"""Images that are here already."""

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.errors import ImageRefused
from agent.images.cache import ImageCache
from tests.agent.images.fetch import Fetch, FetchAll
from tests.agent.web import Answer, Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")


def revalidated(content: bytes, sent: list[int], **headers: str) -> Answer:
    """A server that says 304 to who has it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'

    def answer(request: Request) -> None:
        if request.headers["If-None-Match"] == etag:
            sent.append(304)
            request.send(304, headers={"ETag": etag})
        else:
            sent.append(200)
            request.send(200, content, {"ETag": etag, **headers})

    return answer


def test_what_has_not_changed_is_not_sent_again(web: Web, fetch: Fetch) -> None:
    sent: list[int] = []
    web.answers = {"/x": revalidated(b"an image", sent)}
    for _ in range(3):
        assert fetch([web.url("/x")])[0].read_bytes() == b"an image"
    assert sent == [200, 304, 304]


def test_what_was_here_counts_like_any_other(web: Web, fetch_all: FetchAll) -> None:
    for path in ("/x", "/y", "/z"):
        web.answers[path] = revalidated(path.encode() * 20_000, [])
    paths = [web.url(path) for path in ("/x", "/y", "/z")]
    fetch_all(paths)
    found = fetch_all(paths, ARENA_IMAGE_TOTAL_MB=0.1)
    assert sorted(isinstance(each, Path) for each in found) == [False, True, True]


def test_what_has_changed_is(web: Web, fetch: Fetch) -> None:
    sent: list[int] = []
    web.answers = {"/x": revalidated(b"old", sent)}
    fetch([web.url("/x")])
    web.answers = {"/x": revalidated(b"new", sent)}
    assert fetch([web.url("/x")])[0].read_bytes() == b"new"
    assert sent == [200, 200]


def test_the_date_of_a_change_does_too(web: Web, fetch: Fetch) -> None:
    date = "Mon, 23 Nov 2026 10:00:00 GMT"

    def answer(request: Request) -> None:
        known = request.headers["If-Modified-Since"] == date
        request.send(304 if known else 200, b"" if known else b"an image", {"Last-Modified": date})

    web.answers = {"/x": answer}
    for _ in range(2):
        assert fetch([web.url("/x")])[0].read_bytes() == b"an image"


def test_who_may_not_have_it_any_more_does_not_get_it(web: Web, fetch: Fetch) -> None:
    web.answers = {"/x": revalidated(b"an image", [])}
    fetch([web.url("/x")])
    web.answers = {"/x": lambda request: request.send(403)}
    with pytest.raises(Exception, match="403"):
        fetch([web.url("/x")])


def test_what_is_not_to_be_stored_is_not(web: Web, fetch: Fetch) -> None:
    sent: list[int] = []
    web.answers = {"/x": revalidated(b"an image", sent, **{"Cache-Control": "private, No-Store"})}
    for _ in range(2):
        fetch([web.url("/x")])
    assert sent == [200, 200]


@pytest.mark.parametrize("etag", ['"\xe9"', '"' + "x" * 300 + '"'])
def test_what_could_not_be_said_again_is_not_kept(web: Web, fetch: Fetch, etag: str) -> None:
    sent: list[str | None] = []

    def answer(request: Request) -> None:
        sent.append(request.headers["If-None-Match"])
        request.send(200, b"an image", {"ETag": etag})

    web.answers = {"/x": answer}
    for _ in range(2):
        assert fetch([web.url("/x")])[0].read_bytes() == b"an image"
    assert sent == [None, None]


def test_nothing_new_is_no_answer_to_who_has_nothing(web: Web, fetch: Fetch) -> None:
    web.answers = {"/x": lambda request: request.send(304)}
    with pytest.raises(ImageRefused, match="The server answered 304, not 200"):
        fetch([web.url("/x")])
    assert web.asked["/x"] == 1


def test_what_cannot_be_taken_is_fetched(
    web: Web, fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    web.answers = {"/x": revalidated(b"an image", sent)}
    fetch([web.url("/x")])

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agent.images.cache._link", full)
    with capture_logs() as logs:
        assert fetch([web.url("/x")])[0].read_bytes() == b"an image"
    assert sent == [200, 304, 200]
    assert [line["event"] for line in logs] == ["the image cache does not work: No space left on device"]


def test_it_can_be_turned_off(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    sent: list[int] = []
    web.answers = {"/x": revalidated(b"an image", sent)}
    for _ in range(2):
        fetch([web.url("/x")], ARENA_IMAGE_CACHE_MB=0)
    assert sent == [200, 200]
    assert not (tmp_path / "cache").exists()


def test_no_address_is_written_down(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    web.answers = {"/x": revalidated(b"an image", [])}
    fetch([web.url("/x?token=hunter2")])
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) == 2
    for path in kept:
        assert b"hunter2" not in path.read_bytes()
        assert b"127.0.0.1" not in path.read_bytes()


def test_one_content_under_two_addresses_is_kept_once(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    web.answers = {path: revalidated(b"an image", []) for path in ("/x", "/y")}
    fetch([web.url("/x"), web.url("/y")])
    assert len(list((tmp_path / "cache" / "images" / "contents").glob("*"))) == 1


def test_content_that_was_damaged_is_fetched_anew(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    sent: list[int] = []
    web.answers = {"/x": revalidated(b"an image", sent)}
    fetch([web.url("/x")])
    (kept,) = (tmp_path / "cache" / "images" / "contents").glob("*")
    kept.unlink()  # it may be the same file as the download
    kept.write_bytes(b"damaged!")
    assert fetch([web.url("/x")])[0].read_bytes() == b"an image"
    assert sent == [200, 304, 200]


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b'{"sha256": "../../../etc/passwd", "etag": "x"}', b"\xff"])
def test_a_note_that_is_nonsense_is_as_none(web: Web, fetch: Fetch, tmp_path: Path, note: bytes) -> None:
    web.answers = {"/x": revalidated(b"an image", [])}
    fetch([web.url("/x")])
    (path,) = (tmp_path / "cache" / "images" / "addresses").glob("*")
    path.write_bytes(note)
    assert fetch([web.url("/x")])[0].read_bytes() == b"an image"


def test_a_cache_that_cannot_be_written_costs_no_image(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    web.answers = {"/x": revalidated(b"an image", [])}
    with capture_logs() as logs:
        assert [file.read_bytes() for file in fetch([web.url("/x")] * 5)] == [b"an image"] * 5
    assert [line["event"] for line in logs] == ["the image cache does not work: Not a directory"], "once is enough"


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def filled(folder: Path, max_bytes: int, count: int) -> ImageCache:
    """`count` images of 10,000 bytes, the first one used last."""
    cache = ImageCache(folder, max_bytes)
    for number in range(count):
        (folder / "file").parent.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_bytes(bytes([number]) * 10_000)
        cache.keep(f"https://h/{number}", {"ETag": '"x"'}, folder / "file", sha256_of(folder / "file"))
        (folder / "file").unlink()
    for position, path in enumerate(sorted((folder / "contents").glob("*"), key=lambda each: each.read_bytes()[0])):
        os.utime(path, (1000 + position, 1000 + position))
    assert cache.take("https://h/0", folder / "taken") == 10_000
    return cache


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = filled(tmp_path, 50_000, 10)
    cache.trim()
    kept = {path.read_bytes()[0] for path in (tmp_path / "contents").glob("*")}
    assert kept == {0, 7, 8, 9}
    assert cache.validators("https://h/9") == {"If-None-Match": '"x"'}
    assert cache.validators("https://h/3") == {}
    assert len(list((tmp_path / "addresses").glob("*"))) == 4
    assert (tmp_path / "taken").read_bytes() == bytes(10_000), "what a job took stays with it"


def test_what_fits_stays(tmp_path: Path) -> None:
    filled(tmp_path, 100_000, 10).trim()
    assert len(list((tmp_path / "contents").glob("*"))) == 10


def test_of_very_many_small_ones_some_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many addresses of one content, and many contents of a byte."""
    monkeypatch.setattr("agent.images.cache._MOST_ADDRESSES", 20)
    cache, file = ImageCache(tmp_path / "cache", 100_000), tmp_path / "file"
    for number in range(50):
        file.unlink(missing_ok=True)
        file.write_bytes(bytes([number % 30]))
        cache.keep(f"https://h/{number}", {"ETag": '"x"'}, file, sha256_of(file))
    cache.trim()
    assert len(list((tmp_path / "cache" / "addresses").glob("*"))) <= 20
    assert len(list((tmp_path / "cache" / "contents").glob("*"))) * 4096 <= 100_000


def test_two_agents_may_share_it(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def work(agent: int) -> None:
        cache = ImageCache(tmp_path / "cache", 200_000)
        try:
            for turn in range(150):
                number = turn % 30
                file = tmp_path / f"{agent}"
                file.unlink(missing_ok=True)
                file.write_bytes(bytes([number]) * 10_000)
                cache.keep(f"https://h/{number}", {"ETag": '"x"'}, file, sha256_of(file))
                if cache.take(f"https://h/{number}", tmp_path / f"{agent}-taken"):
                    assert (tmp_path / f"{agent}-taken").read_bytes() == bytes([number]) * 10_000
                cache.trim()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[agent]) for agent in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(path.stat().st_size for path in (tmp_path / "cache" / "contents").glob("*")) <= 200_000
