"""Whatever strangers and their servers write, each image ends as a file or as an error that was thought of."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import ImageError
from agent.images import ImageSource
from agent.images.pinned import resolve
from agent.job import JobImage
from tests.agent.conftest import MakeSettings
from tests.agent.images.fetch import FetchAll
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")

PIECES = r"https:// http:// HTTP:// storage:// arena-images/ // / \ : @ ? # % %2e %00 .. . * _ ?token=hunter2"
HOSTS = "[ ] [::1] ::ffff: 127.0.0.1 0x7f.1 :80 :0 :99999 :-1 443 h a.example localhost xn-- xn--a ß ſ １２７ 。 é"
ODD = ["\u202e", "\ud800", "\U0001f697", "\0", "\x1b[2J", " ", "\n", "\r\n", "a" * 70, "a" * 300]
BITS = st.sampled_from([*PIECES.split(), *HOSTS.split(), *ODD])
PATHS = st.lists(st.one_of(BITS, st.text(max_size=4)), max_size=8).map("".join)
ADDRESSES = st.tuples(st.sampled_from(["https://", "http://", "storage://arena-images/", "//", ""]), PATHS).map("".join)
WORDS = b'gzip br chunked close 3 -1 1e9 no-store "x" W/"x" a=b;Domain=h;Expires=x'
DATES = [b"Mon, 23 Nov 2026 10:00:00 GMT", b"Mon, 99 Nov 99999 10:00:00 +9999"]
LONG = [b" ", b"9" * 400, b"a" * 9000, b"bytes 0-1/2"]
VALUES = st.one_of(
    st.binary(max_size=30).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b"")),
    st.sampled_from([*WORDS.split(), *DATES, *LONG]),
)
HEADERS = (
    "ETag Last-Modified Cache-Control Content-Encoding Content-Length Transfer-Encoding Retry-After Set-Cookie "
    "Location Content-Type Content-Range Connection Date X"
)
NAMES = st.sampled_from(HEADERS.split())
#: What fixtures hold is of no one example.
often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def nowhere(host: str, port: int) -> list[str]:
    return ["10.0.0.1"]


@often
@given(paths=st.lists(ADDRESSES, min_size=1, max_size=20))
def test_any_text_is_an_image_that_is_not_to_be_had(fetch_all: FetchAll, paths: list[str]) -> None:
    found = fetch_all(
        paths, resolve=nowhere, ARENA_IMAGE_HTTP=True, ARENA_IMAGE_HOSTS="", SUPABASE_URL="http://127.0.0.1:9"
    )
    for error in found:
        assert isinstance(error, ImageError)
        assert "unexpected" not in str(error)
        assert "hunter2" not in str(error)
        assert str(error).isprintable()
        assert len(error.image_path) <= 201


@often
@given(location=ADDRESSES)
def test_any_redirect_ends(web: Web, fetch_all: FetchAll, location: str) -> None:
    def redirect(request: Request) -> None:
        request.send_response(302)
        line = location.replace("\r", "").replace("\n", "").encode("utf-8", "surrogatepass")
        request._headers_buffer.append(b"Location: " + line + b"\r\n")  # type: ignore[attr-defined]
        request.send_header("Content-Length", "0")
        request.end_headers()

    async def home(host: str, port: int) -> list[str]:
        return await resolve(host, port) if host == "127.0.0.1" else ["10.0.0.1"]

    web.answers = {"/x": redirect}
    (found,) = fetch_all([web.url("/x")], resolve=home, ARENA_IMAGE_HTTP=True)
    assert isinstance(found, ImageError)
    assert "unexpected" not in str(found)


@often
@given(
    status=st.integers(200, 599),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    body=st.binary(max_size=50),
)
def test_any_answer_is_an_image_or_an_error(
    web: Web,
    bare_settings: MakeSettings,
    tmp_path_factory: pytest.TempPathFactory,
    status: int,
    headers: list[tuple[str, bytes]],
    body: bytes,
) -> None:
    def answer(request: Request) -> None:
        request.send_response_only(status)
        for name, value in headers:
            request._headers_buffer.append(name.encode() + b": " + value + b"\r\n")  # type: ignore[attr-defined]
        request.end_headers()
        request.wfile.write(body)

    web.answers = {"/x": answer}
    folder = tmp_path_factory.mktemp("fetched")
    made: dict[str, Any] = {"ARENA_IMAGE_HOSTS": "127.0.0.1", "ARENA_CACHE_DIR": folder / "cache"}
    source = ImageSource(bare_settings(**made, ARENA_IMAGE_TIMEOUT_SECONDS=2))
    for _ in range(2):  # the second time with what was kept
        (found,) = source.fetch([JobImage(web.url("/x"), 0)], folder)
        assert isinstance(found, Path) or "unexpected" not in str(found)
