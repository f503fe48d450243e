"""Images in Supabase Storage."""

from pathlib import Path

import pytest

from agent.errors import ImageRefused, ImageUnreachable
from tests.agent.images.fetch import Fetch
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")

OBJECT = "/storage/v1/object/authenticated/arena-images/cars/1.jpg"


def test_it_is_asked_with_the_agents_key_at_its_own_project(web: Web, fetch: Fetch) -> None:
    keys: list[str | None] = []

    def note(request: Request) -> None:
        keys.extend([request.headers["apikey"], request.headers["Authorization"]])
        request.send(200, b"x")

    web.answers = {OBJECT: note}
    # The project may be on a private host: the agent's owner chose it.
    (file,) = fetch(["storage://arena-images/cars/1.jpg"], SUPABASE_URL=web.url(), ARENA_IMAGE_HOSTS="")
    assert file.read_bytes() == b"x"
    assert keys == ["sb_secret_test", "Bearer sb_secret_test"]


def test_odd_names_reach_storage_as_they_are(web: Web, fetch: Fetch) -> None:
    web.answers = {
        "/storage/v1/object/authenticated/mine/a%20b%3Fc%23%C3%BC.jpg": lambda request: request.send(200, b"x")
    }
    assert fetch(["storage://mine/a b?c#ü.jpg"], SUPABASE_URL=web.url(), ARENA_STORAGE_BUCKETS="mine, other")


@pytest.mark.parametrize("bucket", ["private", "", ".", "..", "ARENA-IMAGES", "arena-images%2f..%2fprivate"])
def test_other_buckets_are_refused(web: Web, fetch: Fetch, bucket: str) -> None:
    with pytest.raises(ImageRefused, match=r"does not read that bucket\. .*ARENA_STORAGE_BUCKETS"):
        fetch([f"storage://{bucket}/x.jpg"], SUPABASE_URL=web.url())
    assert not web.asked


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../private/x.jpg",
        "a/../../private/x",
        "./x",
        "a//x",
        "%2e%2e/private/x",
        "%252e%252e/private/x",
        "..\\private\\x",
        "a/",
        "a/%00",
        "a\0b",
        "a\r\nb",
        "a/%2e%2e%2fx",
        "a/..%5cx",
    ],
)
def test_no_name_leads_out_of_its_bucket(web: Web, fetch: Fetch, name: str) -> None:
    with pytest.raises(ImageRefused, match="names no object in a bucket"):
        fetch([f"storage://arena-images/{name}"], SUPABASE_URL=web.url())
    assert not web.asked


@pytest.mark.parametrize("status", [400, 404])
def test_what_is_not_there_says_where_to_look(web: Web, fetch: Fetch, status: int) -> None:
    web.answers = {OBJECT: lambda request: request.send(status, b'{"statusCode":"404"}')}
    with pytest.raises(ImageRefused, match=r"not in the bucket, or the agent may not read it\. docs/security\.md"):
        fetch(["storage://arena-images/cars/1.jpg"], SUPABASE_URL=web.url())


def test_the_key_follows_no_redirect(web: Web, fetch: Fetch) -> None:
    web.answers = {
        OBJECT: lambda request: request.send(302, headers={"Location": web.url("/elsewhere")}),
        "/elsewhere": lambda request: request.send(200, b"x"),
    }
    with pytest.raises(ImageRefused, match="The server answered 302"):
        fetch(["storage://arena-images/cars/1.jpg"], SUPABASE_URL=web.url())
    assert web.asked["/elsewhere"] == 0


def test_storage_that_is_down_is_asked_again(web: Web, fetch: Fetch) -> None:
    web.answers = {OBJECT: lambda request: request.send(503)}
    with pytest.raises(ImageUnreachable, match="503"):
        fetch(["storage://arena-images/cars/1.jpg"], SUPABASE_URL=web.url())
    assert web.asked[OBJECT] == 3


def test_it_is_kept_and_asked_for_again_like_any_other(web: Web, fetch: Fetch, tmp_path: Path) -> None:
    sent: list[int] = []

    def answer(request: Request) -> None:
        sent.append(304 if request.headers["If-None-Match"] == '"1"' else 200)
        request.send(sent[-1], b"" if sent[-1] == 304 else b"x", {"ETag": '"1"'})

    web.answers = {OBJECT: answer}
    for _ in range(2):
        assert fetch(["storage://arena-images/cars/1.jpg"], SUPABASE_URL=web.url())[0].read_bytes() == b"x"
    assert sent == [200, 304]


def test_another_projects_objects_are_others(web: Web, fetch: Fetch) -> None:
    """Two agents of two projects may share a cache."""
    asked: list[str | None] = []

    def answer(request: Request) -> None:
        asked.append(request.headers["If-None-Match"])
        request.send(200, b"x", {"ETag": '"1"'})

    web.answers = {OBJECT: answer}
    for url in (web.url(), web.url().replace("127.0.0.1", "localhost")):
        fetch(["storage://arena-images/cars/1.jpg"], SUPABASE_URL=url)
    assert asked == [None, None]


def test_the_key_goes_nowhere_else(web: Web, fetch: Fetch) -> None:
    """An address of the project itself, even of Storage, is a stranger's like any other."""
    headers: list[str] = []

    def note(request: Request) -> None:
        headers.append(str(request.headers))
        request.send(200, b"x")

    web.answers = {OBJECT: note}
    fetch([web.url(OBJECT)], SUPABASE_URL=web.url())
    assert len(headers) == 1
    assert "sb_secret" not in headers[0]
    assert "authorization" not in headers[0].lower()
