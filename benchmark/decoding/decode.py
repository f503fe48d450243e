"""Pixels of an encoded image."""

import io

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from benchmark.errors import BadImage
from benchmark.model import Image

_TIFF = (b"II*\x00", b"MM\x00*")


def decode(encoded: bytes, name: str) -> Image:
    """Upright (EXIF applied), BGR, height × width × 3, uint8; of an animation the first frame.

    Transparency is dropped, 16 bits are scaled to 8. Raises BadImage where it cannot be read to its end. The size is
    not limited here: what strangers made has been through the Examiner.
    """
    if encoded[4:8] == b"ftyp" or (encoded[:4] in _TIFF and _is_transparent(encoded)):
        return _by_pillow(encoded, name)  # OpenCV turns no AVIF upright, and darkens what is transparent in a TIFF
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadImage.of(name, f"cannot be decoded: {error.err}") from error
    if image is None or image.dtype != np.uint8:
        raise BadImage.of(name, "is broken, cut short, or of a kind that cannot be read here.")
    return image  # type: ignore[return-value]  # uint8, as was looked at


def _is_transparent(encoded: bytes) -> bool:
    try:
        with Pillow.open(io.BytesIO(encoded), formats=("TIFF",)) as image:
            return image.mode == "RGBA"
    except Exception:  # then OpenCV shall say what is wrong
        return False


def _by_pillow(encoded: bytes, name: str) -> Image:
    try:
        with Pillow.open(io.BytesIO(encoded), formats=("AVIF", "TIFF")) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # Pillow's readers raise whatever they run into
        raise BadImage.of(name, "is broken, cut short, or of a kind that cannot be read here.") from error
    return np.ascontiguousarray(np.asarray(upright)[..., ::-1])
