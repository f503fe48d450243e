from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark import BadImage, thumbnail


def jpeg(path: Path, width: int, height: int) -> Path:
    """The left half black, the right half white."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 2 :] = 255
    cv2.imwrite(str(path), pixels)
    return path


def decoded(encoded: bytes) -> np.ndarray:
    assert encoded[:3] == b"\xff\xd8\xff"
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


@pytest.mark.parametrize(
    ("width", "height", "longest", "size"),
    [(800, 400, 200, (200, 100)), (400, 800, 200, (100, 200)), (90, 60, 200, (90, 60)), (4000, 1, 100, (100, 1))],
)
def test_the_longer_side_is_cut_to_size_and_the_original_size_is_told(
    tmp_path: Path, width: int, height: int, longest: int, size: tuple[int, int]
) -> None:
    small = thumbnail(jpeg(tmp_path / "x.png", width, height), longest)
    assert decoded(small.jpeg).shape[1::-1] == size
    assert (small.width, small.height) == (width, height)


def test_it_stands_upright(tmp_path: Path) -> None:
    """EXIF orientation 6: shown turned a quarter clockwise, so that left comes to the top."""
    path = jpeg(tmp_path / "x.jpg", 400, 200)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    encoded = path.read_bytes()
    path.write_bytes(encoded[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + encoded[2:])
    small = thumbnail(path, 100)
    image = decoded(small.jpeg)
    assert (small.width, small.height) == (200, 400)
    assert image.shape[:2] == (100, 50)
    assert image[:40].mean() < 10 < 245 < image[60:].mean()


@pytest.mark.parametrize("content", [None, b"", b"no image"], ids=["missing", "empty", "garbage"])
def test_a_file_that_is_no_image_is_named_without_its_folder(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadImage, match=r"^broken\.jpg ") as raised:
        thumbnail(path, 100)
    assert str(tmp_path) not in str(raised.value)
