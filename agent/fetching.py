"""A job's images on their way, while something else is done."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Protocol

import structlog

from agent.errors import ImageError
from agent.image_name import without_secrets
from agent.job import JobImage
from benchmark import Entries, LabelledImage, LeftOut

_log = structlog.stdlib.get_logger(__name__)


class Source(Protocol):
    """Where images come from."""

    def fetch(
        self, images: Sequence[JobImage], folder: Path, should_stop: Callable[[], bool]
    ) -> Sequence[Path | ImageError]:
        """The file of each image, or why there is none; raises Cancelled."""


@contextmanager
def fetching(
    source: Source, images: Sequence[JobImage], folder: Path, should_stop: Callable[[], bool]
) -> "Iterator[Future[Entries]]":
    """The images' entries, as they will be; the end of the context breaks off what is still under way."""
    over = threading.Event()

    def fetch() -> Entries:
        found = source.fetch(images, folder, lambda: over.is_set() or should_stop())
        return [_entry(each, image) for each, image in zip(found, images, strict=True)]

    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as thread:
        try:
            yield thread.submit(copy_context().run, fetch)
        finally:
            over.set()


def labelled(file: Path, image: JobImage) -> LabelledImage:
    """The benchmark's form of an image that lies in ``file``."""
    return LabelledImage(
        path=file,
        image_path=without_secrets(image.image_path),
        car_count=image.car_count,
        boxes=image.boxes,
        description=image.description,
    )


def _entry(found: Path | ImageError, image: JobImage) -> LabelledImage | LeftOut:
    if isinstance(found, Path):
        return labelled(found, image)
    _log.warning(f"left out: {found}", action="image_left_out", code=found.code)
    reason = f"{found.reason} {found.hint}" if found.hint else found.reason
    return LeftOut(without_secrets(image.image_path), found.code, reason, found.transient)
