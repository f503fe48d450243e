"""A warm Host decodes no image again just to check it."""

from multiprocessing.connection import Pipe
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark import BadImage, BoxOutsideImage, LabelledImage
from benchmark.measure import pictures as pictures_module
from benchmark.measure.host import Host, ask
from benchmark.measure.known_sizes import KnownSizes
from benchmark.measure.messages import Forget, Open, Opened, Picture
from benchmark.measure.pictures import Pictures
from benchmark.measure.pulse import Pulse
from tests.benchmark.measure.hosts import WATCH, open_scenes


def never() -> tuple[int, int]:
    raise AssertionError("it is known")


def test_what_is_in_a_file_is_measured_once() -> None:
    known = KnownSizes()
    assert known.size(b"a", lambda: (3, 4)) == (3, 4)
    assert known.size(b"a", never) == (3, 4)
    assert known.size(b"b", lambda: (5, 6)) == (5, 6)


def test_what_cannot_be_measured_is_not_known() -> None:
    known = KnownSizes()
    with pytest.raises(AssertionError):
        known.size(b"a", never)
    assert known.size(b"a", lambda: (1, 1)) == (1, 1)


def test_only_so_many_are_remembered_and_the_least_recently_used_goes() -> None:
    known = KnownSizes(most=2)
    for content in (b"a", b"b", b"a", b"c"):
        known.size(content, lambda: (1, 1))
    assert len(known) == 2
    assert known.size(b"a", never) == (1, 1)
    assert known.size(b"b", lambda: (2, 2)) == (2, 2)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the images that were decoded."""
    names: list[str] = []
    decode = pictures_module.decode  # type: ignore[attr-defined]  # which it imports

    def note(encoded: bytes, image_path: str) -> object:
        names.append(image_path)
        return decode(encoded, image_path)

    monkeypatch.setattr(pictures_module, "decode", note)
    return names


def save(path: Path, width: int, height: int) -> Path:
    assert cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))
    return path


def opened(known: KnownSizes, *pictures: Picture) -> Pictures:
    here, there = Pipe()
    with here, there:
        return Pictures(pictures, Pulse(here), known)


def test_known_images_are_not_decoded_but_their_boxes_are_checked(tmp_path: Path, decodings: list[str]) -> None:
    known = KnownSizes()
    path = save(tmp_path / "x.png", 60, 40)
    assert opened(known, Picture(path, "x")).sizes == [(60, 40)]
    assert opened(known, Picture(path, "x again", ((0, 0, 60, 40),))).sizes == [(60, 40)]
    with pytest.raises(BoxOutsideImage, match="60×40"):
        opened(known, Picture(path, "x", ((0, 0, 70, 40),)))
    assert decodings == ["x"]


def test_a_file_whose_content_changed_is_decoded_anew(tmp_path: Path, decodings: list[str]) -> None:
    known = KnownSizes()
    opened(known, Picture(save(tmp_path / "x.png", 60, 40), "x"))
    assert opened(known, Picture(save(tmp_path / "x.png", 30, 20), "x")).sizes == [(30, 20)]
    (tmp_path / "x.png").write_bytes(b"no image any more")
    with pytest.raises(BadImage):
        opened(known, Picture(tmp_path / "x.png", "x"))


def test_a_warm_host_knows_the_images_that_it_let_go_of(
    host: Host, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    first = ask(host, open_scenes(scenes), WATCH)
    ask(host, Forget(), WATCH)
    assert ask(host, open_scenes(scenes), WATCH) == first
    assert ask(host, Open((Picture(save(tmp_path / "y.png", 30, 20), "y"),)), WATCH) == Opened(((30, 20),))
