"""What an image file is, before anything of it is decoded."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image

from benchmark.errors import BadImage

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
#: Pixels that an image may have; 150 MB once decoded.
MOST_PIXELS = 50_000_000

_ADVICE = "use JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF."
#: The first bytes of what people send by mistake.
_OTHERS = {
    b"<": "a text, such as a web page or an SVG drawing",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x00\x00\x01\x00": "an icon",
    b"8BPS": "a Photoshop document",
    b"P5": "a PGM picture",
    b"P6": "a PPM picture",
}
_HEIF_BRANDS = {b"heic", b"heix", b"mif1", b"heif", b"msf1"}

Image.MAX_IMAGE_PIXELS = None  # our own limit is told in our own words


@dataclass(frozen=True, slots=True)
class Header:
    """Format and size as the file states them; the size is that before it is set upright."""

    format: str
    mode: str
    width: int
    height: int


def read_header(encoded: bytes, name: str, max_pixels: int = MOST_PIXELS) -> Header:
    """Raises BadImage where it is no image, one of another format, or too large."""
    if not encoded:
        raise BadImage.of(name, "is an empty file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd but readable
            with Image.open(io.BytesIO(encoded), formats=FORMATS) as image:
                header = Header(image.format or "", image.mode, *image.size)
    except Exception as error:  # Pillow's readers raise whatever they run into
        raise BadImage.of(name, f"is {_what_else(encoded)}; {_ADVICE}") from error
    pixels = header.width * header.height
    if pixels > max_pixels:
        raise BadImage.of(
            name,
            f"has {header.width}×{header.height} pixels; at most {max_pixels / 1e6:g} million are read.",
        )
    if not pixels:
        raise BadImage.of(name, f"has {header.width}×{header.height} pixels.")
    return header


def _what_else(encoded: bytes) -> str:
    if encoded[4:8] == b"ftyp" and encoded[8:12] in _HEIF_BRANDS:
        return "a HEIF image"
    start = encoded.lstrip()[:8]
    return next((what for magic, what in _OTHERS.items() if start.startswith(magic)), "not an image that can be read")
