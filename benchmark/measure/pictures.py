"""The images of a comparison, as a Host holds them."""

from collections.abc import Sequence

import cv2
import numpy as np

from benchmark.detection import Box
from benchmark.errors import BadImage, BoxOutsideImage
from benchmark.measure.known_sizes import KnownSizes
from benchmark.measure.messages import Picture
from benchmark.measure.pulse import Pulse
from benchmark.model import Image

#: Pixels that a box may stand out, for labels that were rounded.
_BOX_TOLERANCE = 1.0


class Pictures:
    """Encoded images in memory, decoded anew each time, as a service would."""

    def __init__(self, pictures: Sequence[Picture], pulse: Pulse, known: KnownSizes | None = None) -> None:
        """`known` has sizes of images that were decoded before, and takes in the new ones.

        Raises BadImage or BoxOutsideImage, which name the image.
        """
        self._pictures = pictures
        self._known = KnownSizes() if known is None else known
        self._encoded: list[bytes] = []
        self.sizes: list[tuple[int, int]] = []
        for number, picture in enumerate(pictures):
            self._add(picture)
            pulse.tick(number + 1, len(pictures))

    def _add(self, picture: Picture) -> None:
        encoded = _read(picture)
        size = self._known.size(encoded, lambda: _decoded_size(encoded, picture.image_path))
        _check_boxes(picture, *size)
        self._encoded.append(encoded)
        self.sizes.append(size)

    def __len__(self) -> int:
        return len(self._pictures)

    def decode(self, index: int) -> Image:
        """Upright (EXIF applied), BGR, height × width × 3."""
        return decode(self._encoded[index], self._pictures[index].image_path)


def decode(encoded: bytes, image_path: str) -> Image:
    """Raises BadImage where OpenCV cannot read it."""
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadImage(f"{image_path} cannot be decoded: {error.err}") from error
    if image is None:
        raise BadImage(f"{image_path} is not an image that can be read here; use JPEG, PNG or WebP.")
    return image  # type: ignore[return-value]  # IMREAD_COLOR always gives uint8


def _decoded_size(encoded: bytes, image_path: str) -> tuple[int, int]:
    height, width = decode(encoded, image_path).shape[:2]
    return width, height


def _read(picture: Picture) -> bytes:
    try:
        encoded = picture.path.read_bytes()
    except OSError as error:
        raise BadImage(f"{picture.image_path} cannot be read: {error.strerror}.") from error
    if not encoded:
        raise BadImage(f"{picture.image_path} is an empty file.")
    return encoded


def _check_boxes(picture: Picture, width: int, height: int) -> None:
    for box in picture.boxes:
        if not _inside(box, width, height):
            raise BoxOutsideImage(
                f"{picture.image_path} is {width}×{height} pixels, but has a box {[float(value) for value in box]}. "
                "Boxes are x1, y1, x2, y2 in pixels of the upright image."
            )


def _inside(box: Box, width: int, height: int) -> bool:
    x1, y1, x2, y2 = box
    low = -_BOX_TOLERANCE
    return low <= x1 and low <= y1 and x2 <= width + _BOX_TOLERANCE and y2 <= height + _BOX_TOLERANCE
