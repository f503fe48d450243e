"""The images of a comparison, as a Host holds them."""

from collections.abc import Sequence

from benchmark.decoding.decode import decode
from benchmark.decoding.examiner import check_box
from benchmark.errors import BadImage
from benchmark.measure.known_sizes import KnownSizes
from benchmark.measure.messages import Picture
from benchmark.measure.pulse import Pulse
from benchmark.model import Image


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
        for box in picture.boxes:
            check_box(picture.image_path, box, size)
        self._encoded.append(encoded)
        self.sizes.append(size)

    def __len__(self) -> int:
        return len(self._pictures)

    def decode(self, index: int) -> Image:
        """Upright (EXIF applied), BGR, height × width × 3."""
        return decode(self._encoded[index], self._pictures[index].image_path)


def _decoded_size(encoded: bytes, image_path: str) -> tuple[int, int]:
    height, width = decode(encoded, image_path).shape[:2]
    return width, height


def _read(picture: Picture) -> bytes:
    try:
        encoded = picture.path.read_bytes()
    except OSError as error:
        raise BadImage.of(picture.image_path, f"cannot be read: {error.strerror}.") from error
    if not encoded:
        raise BadImage.of(picture.image_path, "is an empty file.")
    return encoded
