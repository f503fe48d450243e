from multiprocessing.connection import Pipe
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark import BadImage, Box, BoxOutsideImage
from benchmark.decoding.decode import decode
from benchmark.measure.messages import Picture
from benchmark.measure.pictures import Pictures
from benchmark.measure.pulse import Pulse
from benchmark.model import Image

#: An EXIF block that says: turn the image by 90° to the right (orientation 6).
EXIF_ORIENTATION_6 = bytes.fromhex("ffe1002245786966000049492a00080000000100120103000100000006000000000000000000")


def opened(*pictures: Picture) -> Pictures:
    here, there = Pipe()
    with here, there:
        return Pictures(pictures, Pulse(here))


def jpeg(width: int, height: int) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def save(folder: Path, content: bytes) -> Path:
    path = folder / "picture"
    path.write_bytes(content)
    return path


def test_a_turned_photograph_is_set_upright(tmp_path: Path) -> None:
    flat = jpeg(64, 32)
    turned = flat[:2] + EXIF_ORIENTATION_6 + flat[2:]
    assert opened(Picture(save(tmp_path, turned), "x.jpg", ((0, 0, 32, 64),))).sizes == [(32, 64)]


@pytest.mark.parametrize("array", [np.zeros((9, 7), np.uint8), np.zeros((9, 7, 4), np.uint8)])
def test_grey_and_transparent_images_become_three_channels(array: Image) -> None:
    assert decode(cv2.imencode(".png", array)[1].tobytes(), "x.png").shape == (9, 7, 3)


@pytest.mark.parametrize("content", [b"", b"hello", jpeg(20, 20)[:30], b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadImage, match=r"^cars/x\.jpg "):
        opened(Picture(save(tmp_path, content), "cars/x.jpg"))


@pytest.mark.parametrize("box", [(-2, 0, 5, 5), (0, 0, 5, 42), (0, 0, 62, 5)])
def test_a_box_outside_is_refused_with_the_images_size(tmp_path: Path, box: Box) -> None:
    with pytest.raises(BoxOutsideImage, match=r"x\.jpg is 60×40 pixels, but has a box \["):
        opened(Picture(save(tmp_path, jpeg(60, 40)), "x.jpg", (box,)))


def test_a_box_on_the_edge_and_one_rounded_over_it_are_inside(tmp_path: Path) -> None:
    picture = Picture(save(tmp_path, jpeg(60, 40)), "x.jpg", ((0, 0, 60, 40), (-0.5, 0, 60.5, 40.9)))
    assert opened(picture).sizes == [(60, 40)]
