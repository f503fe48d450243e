"""A small picture of an image, for people."""

from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadImage

_JPEG_QUALITY = 75


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG file, and the size that the upright image has on disk, in pixels: boxes are given in those."""

    jpeg: bytes
    width: int
    height: int


def thumbnail(path: Path, longest_px: int) -> Thumbnail:
    """The upright image (EXIF applied), its longer side at most `longest_px`; a smaller one keeps its size.

    Raises BadImage, which names the file without its folder.
    """
    import cv2

    from benchmark.decoding.decode import decode

    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise BadImage(f"{path.name} cannot be read: {error.strerror}.") from error
    if not encoded:
        raise BadImage(f"{path.name} is an empty file.")
    image = decode(encoded, path.name)
    height, width = image.shape[:2]
    scale = longest_px / max(width, height)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # stays uint8
    made, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not made:
        raise BadImage(f"{path.name} cannot be made smaller.")
    return Thumbnail(jpeg.tobytes(), width, height)
