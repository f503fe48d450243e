"""Looks at each image before a model does."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Protocol, Self

from benchmark.decoding.header import MOST_PIXELS
from benchmark.detection import Box
from benchmark.errors import BadImage, BoxOutsideImage, Cancelled, HostDied, ImageFault

_BOOT = (
    "import sys; sys.path[:] = {path!r}; from benchmark.decoding.examiner_process import main; "
    "main({parent}, {memory_mb}, {max_pixels})"
)
#: MiB that decoding may take beyond the libraries: three times the largest image, and room to turn it.
_MEMORY_MB = 1024
_IMAGE_SECONDS = 5.0
_START_SECONDS = 60.0
_LOOK_SECONDS = 0.1
#: Pixels that a box may stand out, for labels that were rounded.
_BOX_TOLERANCE = 1.0
_LONGEST_ANSWER = 1000

Size = tuple[int, int]
"""(width, height) of the upright image, in pixels."""


class Picture(Protocol):
    """An image file and what has to hold for it."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def image_path(self) -> str:
        """Its name in messages."""

    @property
    def boxes(self) -> Sequence[Box]:
        """Boxes that must lie within it."""


class Examiner:
    """Decodes each image once in a process that may die of it, hang, or run out of memory.

    The process starts when it is first needed, and ends with the thread that needed it or with `close`. Use it from
    one thread at a time.
    """

    def __init__(
        self, max_pixels: int = MOST_PIXELS, memory_mb: int = _MEMORY_MB, image_seconds: float = _IMAGE_SECONDS
    ) -> None:
        """`memory_mb` is what decoding may take, in MiB; `image_seconds` what one image may take."""
        self._max_pixels, self._memory_mb, self._image_seconds = max_pixels, memory_mb, image_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the child, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process:
            self._process.kill()
            self._process.communicate()
        if self._folder:
            self._folder.cleanup()
        self._process = self._folder = None

    def examine(
        self,
        pictures: Sequence[Picture],
        should_stop: Callable[[], bool] = lambda: False,
        on_done: Callable[[int], object] = lambda _: None,
    ) -> list[Size | ImageFault]:
        """The size of each image in order, or the BadImage or BoxOutsideImage that says why it cannot be used.

        `on_done` is told how many were examined. Raises Cancelled soon after `should_stop` said so.
        """
        findings: list[Size | ImageFault] = []
        for picture in pictures:
            try:
                findings.append(self._checked(picture, self._size(picture, should_stop)))
            except ImageFault as error:
                findings.append(error)
            on_done(len(findings))
        return findings

    @staticmethod
    def _checked(picture: Picture, size: Size) -> Size:
        for box in picture.boxes:
            check_box(picture.image_path, box, size)
        return size

    def _size(self, picture: Picture, should_stop: Callable[[], bool]) -> Size:
        name, process = picture.image_path, self._running(should_stop)
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"path": str(picture.path)}).encode() + b"\n")
            process.stdin.flush()
            answer = self._answer(process, self._image_seconds, should_stop)
        except TimeoutError:
            self.close()
            raise BadImage.of(name, f"took longer than {self._image_seconds:g} s to decode.") from None
        except (EOFError, OSError):
            self.close()
            raise BadImage.of(name, "made the decoder crash.") from None
        except ValueError:
            self.close()
            raise BadImage.of(name, "made the decoder talk nonsense.") from None
        if isinstance(answer, str):
            raise BadImage.of(name, answer)
        return answer

    def _running(self, should_stop: Callable[[], bool]) -> "subprocess.Popen[bytes]":
        """The process; it is ready. Raises HostDied where it cannot be started."""
        if self._process and self._process.poll() is None:
            return self._process
        self.close()
        process = self._process = self._spawn()
        try:
            self._read_line(process, _START_SECONDS, should_stop)
        except (TimeoutError, EOFError, ValueError, OSError) as error:
            self.close()
            raise HostDied("The process that decodes images could not be started.") from error
        return process

    def _spawn(self) -> "subprocess.Popen[bytes]":
        self._folder = tempfile.TemporaryDirectory(prefix="arena-examiner-", ignore_cleanup_errors=True)
        path = [os.path.abspath(each) for each in sys.path]
        boot = _BOOT.format(path=path, parent=os.getpid(), memory_mb=self._memory_mb, max_pixels=self._max_pixels)
        return subprocess.Popen(
            [sys.executable, "-c", boot],
            cwd=self._folder.name,
            # Nobody's secrets; OpenCV reads these when it is imported.
            env={"OPENCV_IO_MAX_IMAGE_PIXELS": str(self._max_pixels), "OPENCV_LOG_LEVEL": "SILENT"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what decoders grumble
            process_group=0,  # a Ctrl-C in the terminal is the parent's to handle
        )

    def _answer(
        self, process: "subprocess.Popen[bytes]", patience_s: float, should_stop: Callable[[], bool]
    ) -> Size | str:
        """A size, or what is wrong with the image. Raises ValueError for anything else: it may be under a spell."""
        match json.loads(self._read_line(process, patience_s, should_stop)):
            case {"size": [int(width), int(height)]} if 0 < width * height <= self._max_pixels and width > 0:
                return width, height
            case {"predicate": str(predicate)} if predicate.isprintable():
                return predicate
        raise ValueError

    def _read_line(
        self, process: "subprocess.Popen[bytes]", patience_s: float, should_stop: Callable[[], bool]
    ) -> bytes:
        """Raises TimeoutError, EOFError, ValueError or Cancelled."""
        assert process.stdout is not None
        descriptor, give_up_at, line = process.stdout.fileno(), time.monotonic() + patience_s, b""
        while not line.endswith(b"\n"):
            if should_stop():
                self.close()  # or its answer would be taken for that to the next question
                raise Cancelled
            if time.monotonic() > give_up_at:
                raise TimeoutError
            if wait([descriptor], _LOOK_SECONDS):
                chunk = os.read(descriptor, _LONGEST_ANSWER)
                if not chunk:
                    raise EOFError
                line += chunk
            if len(line) > _LONGEST_ANSWER:
                raise ValueError
        return line


def check_box(name: str, box: Box, size: Size) -> None:
    """Raises BoxOutsideImage where a box of the image `name` lies outside it."""
    (x1, y1, x2, y2), (width, height) = box, size
    if not (
        x1 >= -_BOX_TOLERANCE
        and y1 >= -_BOX_TOLERANCE
        and x2 <= width + _BOX_TOLERANCE
        and y2 <= height + _BOX_TOLERANCE
    ):
        raise BoxOutsideImage.of(
            name,
            f"is {width}×{height} pixels, but has a box {[float(value) for value in box]}. "
            "Boxes are x1, y1, x2, y2 in pixels of the upright image.",
        )
