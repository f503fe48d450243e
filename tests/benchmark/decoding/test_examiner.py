"""The process that decodes images first."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmark import BadImage, Box, BoxOutsideImage, Cancelled
from benchmark.decoding import Examiner
from benchmark.decoding.decode import decode
from benchmark.errors import ImageFault
from tests.benchmark.decoding.encoded import ALL, HEIGHT, WIDTH, encode, gradient, noise, turned


@dataclass(frozen=True)
class Picture:
    path: Path
    image_path: str = "cars/x.jpg"
    boxes: Sequence[Box] = ()


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as opened:
        yield opened


@pytest.fixture
def good(tmp_path: Path) -> Picture:
    return Picture(save(tmp_path / "good", encode(gradient(), "PNG")))


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def reason(finding: object) -> str:
    assert isinstance(finding, ImageFault), finding
    return finding.reason


def test_it_gives_the_size_of_the_upright_image(examiner: Examiner, tmp_path: Path) -> None:
    pictures = [Picture(save(tmp_path / form, encode(gradient(), form))) for form in ALL]
    assert examiner.examine(pictures) == [(WIDTH, HEIGHT)] * len(ALL)
    turned_ones = [Picture(save(tmp_path / f"t{form}", turned(form, 6))) for form in ("JPEG", "AVIF")]
    assert examiner.examine(turned_ones) == [(HEIGHT, WIDTH)] * 2


def test_a_bad_one_costs_itself(examiner: Examiner, good: Picture, tmp_path: Path) -> None:
    bad = Picture(save(tmp_path / "bad", encode(noise(90, 70), "JPEG")[:-200]))
    told: list[int] = []
    first, second, third = examiner.examine([good, bad, good], on_done=told.append)
    assert (first, third) == ((WIDTH, HEIGHT), (WIDTH, HEIGHT))
    assert isinstance(second, BadImage)
    assert str(second) == "cars/x.jpg is broken, cut short, or of a kind that cannot be read here."
    assert told == [1, 2, 3]


def test_a_file_that_is_gone_or_may_not_be_read_costs_itself(examiner: Examiner, tmp_path: Path) -> None:
    gone, folder = examiner.examine([Picture(tmp_path / "gone"), Picture(tmp_path)])
    assert reason(gone) == "It cannot be read: No such file or directory."
    assert reason(folder) == "It cannot be read: Is a directory."


def test_boxes_must_lie_within_the_upright_image(examiner: Examiner, tmp_path: Path) -> None:
    path = save(tmp_path / "x", turned("JPEG", 6))
    inside = Picture(path, boxes=((0, 0, HEIGHT, WIDTH), (-0.5, 0, HEIGHT + 0.5, 9)))
    outside = Picture(path, boxes=((0, 0, WIDTH, HEIGHT),))
    first, second = examiner.examine([inside, outside])
    assert first == (HEIGHT, WIDTH)
    assert isinstance(second, BoxOutsideImage)
    assert "is 48×64 pixels, but has a box [0.0, 0.0, 64.0, 48.0]" in str(second)


def test_what_it_accepts_is_decoded_to_that_size(examiner: Examiner, tmp_path: Path) -> None:
    for form in ALL:
        encoded = encode(noise(33, 21), form)
        ((width, height),) = examiner.examine([Picture(save(tmp_path / form, encoded))])  # type: ignore[misc]
        assert decode(encoded, "x").shape == (height, width, 3)


def test_an_image_at_the_limit_fits_into_its_memory(tmp_path: Path) -> None:
    content = encode(noise(1000, 1000).repeat(7, axis=0).repeat(7, axis=1), "PNG", compress_level=1)
    with Examiner() as examiner:
        assert examiner.examine([Picture(save(tmp_path / "x", content))]) == [(7000, 7000)]


def test_one_that_needs_too_much_memory_costs_itself(good: Picture, tmp_path: Path) -> None:
    large = Picture(save(tmp_path / "x", encode(gradient(6000, 6000), "PNG", compress_level=1)))
    with Examiner(memory_mb=40) as examiner:
        first, second = examiner.examine([large, good])
    assert isinstance(first, BadImage)
    assert second == (WIDTH, HEIGHT)


def test_one_that_kills_it_costs_itself(examiner: Examiner, good: Picture, tmp_path: Path) -> None:
    examiner.examine([good])
    pid = examiner.pid
    assert pid is not None
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)  # reading it takes until somebody writes: time to be killed in
    threading.Timer(0.5, os.kill, [pid, signal.SIGSEGV]).start()
    killed, after = examiner.examine([Picture(fifo), good])
    assert reason(killed) == "It made the decoder crash."
    assert after == (WIDTH, HEIGHT)
    assert examiner.pid != pid


def test_one_that_takes_for_ever_costs_itself(good: Picture, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with Examiner(image_seconds=0.5) as examiner:
        hung, after = examiner.examine([Picture(fifo), good])
        assert reason(hung) == "It took longer than 0.5 s to decode."
        assert after == (WIDTH, HEIGHT)


def test_it_can_be_broken_off_in_the_middle_of_an_image(good: Picture, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with Examiner(image_seconds=60) as examiner:
        start = time.monotonic()
        with pytest.raises(Cancelled):
            examiner.examine([Picture(fifo)], stop.is_set)
        assert time.monotonic() - start < 30
        assert examiner.examine([good]) == [(WIDTH, HEIGHT)]


@pytest.mark.parametrize(
    "answer",
    [
        "nonsense",
        "{}",
        '{"size": [1]}',
        '{"size": [-2, -3]}',
        '{"size": [100000, 100000]}',
        '{"predicate": "\\u001b[2J"}',
    ],
)
def test_what_the_child_says_is_not_believed_blindly(
    good: Picture, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that was taken over may answer what it likes."""
    from benchmark.decoding import examiner as module

    boot = f"import sys; print('ready', flush=True); [print({answer!r}, flush=True) for _ in sys.stdin]"
    monkeypatch.setattr(module, "_BOOT", boot.replace("{", "{{").replace("}", "}}"))
    with Examiner() as examiner:
        (finding,) = examiner.examine([good])
    assert reason(finding) == "It made the decoder talk nonsense."


def test_an_endless_answer_is_cut_off(good: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.decoding import examiner as module

    boot = "import sys; print('ready', flush=True); sys.stdin.readline(); [sys.stdout.write('x') for _ in iter(int, 1)]"
    monkeypatch.setattr(module, "_BOOT", boot)
    with Examiner() as examiner:
        (finding,) = examiner.examine([good])
    assert reason(finding) == "It made the decoder talk nonsense."


def test_it_has_limits_and_nobodys_secrets(examiner: Examiner, good: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    examiner.close()
    monkeypatch.setenv("SUPABASE_KEY", "sb_secret_hunter2")
    examiner.examine([good])
    process = psutil.Process(examiner.pid)
    assert set(process.environ()) <= {"OPENCV_IO_MAX_IMAGE_PIXELS", "OPENCV_LOG_LEVEL", "LC_CTYPE"}
    limits = {kind: process.rlimit(kind)[1] for kind in (psutil.RLIMIT_FSIZE, psutil.RLIMIT_CORE, psutil.RLIMIT_AS)}
    assert limits[psutil.RLIMIT_FSIZE] == limits[psutil.RLIMIT_CORE] == 0
    assert process.memory_info().vms < limits[psutil.RLIMIT_AS] <= process.memory_info().vms + (1100 << 20)


def test_closing_ends_it_and_it_starts_again(examiner: Examiner, good: Picture) -> None:
    examiner.examine([good])
    pid = examiner.pid
    assert pid is not None
    examiner.close()
    assert examiner.pid is None
    assert not psutil.pid_exists(pid)
    assert examiner.examine([good]) == [(WIDTH, HEIGHT)]
