"""What is refused before anything is decoded."""

import io
import struct
import tarfile
import time
import zlib

import pytest

from benchmark import BadImage
from benchmark.decoding.header import Header, read_header
from tests.benchmark.decoding.encoded import ALL, HEIGHT, WIDTH, encode, gradient


@pytest.mark.parametrize("form", ALL)
def test_the_format_is_told_by_the_content(form: str) -> None:
    header = read_header(encode(gradient(), form), "x.txt")
    assert (header.format, header.width, header.height) == (form, WIDTH, HEIGHT)


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.jpg"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is an empty file"),
        (b"hello", "is not an image that can be read"),
        (b"\xff\xd8\xff", "is not an image that can be read"),
        (b"<!doctype html><title>404</title>", "is a text, such as a web page"),
        (b"\n  <svg xmlns='x'/>", "is a text, such as a web page or an SVG drawing"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"PK\x03\x04aaaa", "is a ZIP archive"),
        (b"\x00\x00\x01\x00\x01\x00", "is an icon"),
        (b"8BPS\x00\x01", "is a Photoshop document"),
        (b"P6 2 2 255 ", "is a PPM picture"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "is a HEIF image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image"),
        (b"SIMPLE  =                    T", "is not an image"),
        (tar(), "is not an image"),
    ],
)
def test_everything_else_is_refused_and_named_where_that_is_easy(content: bytes, words: str) -> None:
    with pytest.raises(BadImage, match=words) as caught:
        read_header(content, "cars/x.jpg")
    assert str(caught.value).startswith("cars/x.jpg is ")


def png_of(width: int, height: int) -> bytes:
    """A PNG file that is very small and says that it is very large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def gif_of(width: int, height: int) -> bytes:
    small = bytearray(encode(gradient(), "GIF"))
    small[6:10] = struct.pack("<HH", width, height)
    return bytes(small)


def bmp_of(width: int, height: int) -> bytes:
    small = bytearray(encode(gradient(), "BMP"))
    small[18:26] = struct.pack("<ii", width, height)
    return bytes(small)


@pytest.mark.parametrize("make", [png_of, gif_of, bmp_of])
def test_a_bomb_is_refused_by_what_it_says_of_itself(make: object) -> None:
    start = time.perf_counter()
    with pytest.raises(BadImage, match=r"has 20000×14000 pixels; at most 50 million are read"):
        read_header(make(20000, 14000), "x")  # type: ignore[operator]
    assert time.perf_counter() - start < 5


def test_the_limit_counts_pixels() -> None:
    assert read_header(encode(gradient(), "PNG"), "x", WIDTH * HEIGHT) == Header("PNG", "RGB", WIDTH, HEIGHT)
    with pytest.raises(BadImage, match="64×48 pixels"):
        read_header(encode(gradient(), "PNG"), "x", WIDTH * HEIGHT - 1)
