"""Images of every form that there is a rule for, encoded."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Rgb = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 64, 48
#: Formats that keep every pixel, and how to have them do so.
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}
ALL = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")


def gradient(width: int = WIDTH, height: int = HEIGHT) -> Rgb:
    """Red grows to the right and green downwards, so that no turn or flip looks like another."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, np.full((height, width), 40)], -1).astype(np.uint8)


def noise(width: int, height: int, seed: int = 0) -> Rgb:
    """Nothing that compresses well."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def encode(pixels: Rgb | Image.Image, form: str, **more: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **more)
    return file.getvalue()


def turned(form: str, orientation: int) -> bytes:
    """The gradient, with an EXIF block that says how it is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(gradient(), form, exif=exif, **LOSSLESS.get(form, {"quality": 95}))
