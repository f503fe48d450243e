"""Answers that were packed although nobody asked for it."""

import gzip
import tracemalloc
import zlib

import pytest

from agent.errors import ImageRefused, ImageUnreachable
from tests.agent.images.fetch import Fetch
from tests.agent.web import Web

pytestmark = pytest.mark.usefixtures("_no_pauses")


def packed(web: Web, body: bytes, encoding: str) -> str:
    web.answers = {"/x": lambda request: request.send(200, body, {"Content-Encoding": encoding})}
    return web.url("/x")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"an image", mtime=0)),
        ("X-GZIP", gzip.compress(b"an image", mtime=0)),
        ("deflate", zlib.compress(b"an image")),
        ("identity", b"an image"),
        ("", b"an image"),
    ],
)
def test_it_is_unpacked(web: Web, fetch: Fetch, encoding: str, body: bytes) -> None:
    assert fetch([packed(web, body, encoding)])[0].read_bytes() == b"an image"


def test_a_large_one_comes_whole(web: Web, fetch: Fetch) -> None:
    image = bytes(range(256)) * 20_000
    assert fetch([packed(web, gzip.compress(image), "gzip")])[0].read_bytes() == image


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "compress", "\xe9"])
def test_other_ways_are_refused(web: Web, fetch: Fetch, encoding: str) -> None:
    with pytest.raises(ImageRefused, match="packed in a way that was not asked for"):
        fetch([packed(web, gzip.compress(gzip.compress(b"x")), encoding)])


def test_a_bomb_takes_no_memory(web: Web, fetch: Fetch) -> None:
    """A kilobyte of it unpacks to a megabyte, and what a network gives at once to 60."""
    address = packed(web, gzip.compress(bytes(100_000_000)), "gzip")
    tracemalloc.start()
    try:
        with pytest.raises(ImageRefused, match=r"larger than 20 MB"):
            fetch([address])
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_nonsense_is_refused(web: Web, fetch: Fetch) -> None:
    with pytest.raises(ImageRefused, match="cannot be unpacked"):
        fetch([packed(web, b"not packed at all", "gzip")])


def test_half_of_it_is_asked_for_again(web: Web, fetch: Fetch) -> None:
    with pytest.raises(ImageUnreachable, match="Its end did not arrive"):
        fetch([packed(web, gzip.compress(bytes(range(256)) * 9)[:-9], "gzip")])
    assert web.asked["/x"] == 3
