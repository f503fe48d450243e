"""Images that are brought while something else is done."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agent.errors import ImageError, ImageRefused, ImageUnreachable
from agent.fetching import fetching
from agent.job import JobImage
from benchmark import Cancelled, LabelledImage, LeftOut

CAR = JobImage("https://cars.example/1.jpg?token=hunter2", 1, ((0.0, 0.0, 5.0, 5.0),), "a car")
URL = "https://cars.example/2.jpg?token=hunter2"

Found = Callable[[Callable[[], bool]], Sequence[Path | ImageError]]


class Source:
    """Gives what it is told to."""

    def __init__(self, found: Found) -> None:
        self._found = found

    def fetch(
        self, images: Sequence[JobImage], folder: Path, should_stop: Callable[[], bool]
    ) -> Sequence[Path | ImageError]:
        return self._found(should_stop)


def never() -> bool:
    return False


def test_what_was_fetched_is_labelled_and_what_was_not_is_left_out(tmp_path: Path) -> None:
    refused = ImageRefused(URL, "The server answered 404.")
    late = ImageUnreachable(URL, "The server answered 503.", hint="Is it up?")
    source = Source(lambda _: [tmp_path / "x", refused, late])
    with fetching(source, [CAR, CAR, CAR], tmp_path, never) as entries:
        first, second, third = entries.result(5)
    assert first == LabelledImage(tmp_path / "x", "https://cars.example/1.jpg?***", 1, CAR.boxes, "a car")
    assert second == LeftOut("https://cars.example/1.jpg?***", "image_refused", "The server answered 404.")
    assert isinstance(third, LeftOut)
    assert (third.reason, third.transient) == ("The server answered 503. Is it up?", True)


def test_it_happens_beside_what_is_done_meanwhile(tmp_path: Path) -> None:
    go_on = threading.Event()

    def slow(_: Callable[[], bool]) -> Sequence[Path | ImageError]:
        assert go_on.wait(5)
        return [tmp_path / "x"]

    with fetching(Source(slow), [CAR], tmp_path, never) as entries:
        assert not entries.done()
        go_on.set()
        assert len(entries.result(5)) == 1


def test_the_end_of_the_context_breaks_it_off(tmp_path: Path) -> None:
    def endless(should_stop: Callable[[], bool]) -> Sequence[Path | ImageError]:
        while not should_stop():
            threading.Event().wait(0.01)
        raise Cancelled

    with pytest.raises(KeyError), fetching(Source(endless), [CAR], tmp_path, never) as entries:
        raise KeyError
    assert isinstance(entries.exception(), Cancelled)


def test_it_is_asked_to_stop_where_the_job_is(tmp_path: Path) -> None:
    stop = threading.Event()

    def until_stopped(should_stop: Callable[[], bool]) -> Sequence[Path | ImageError]:
        while not should_stop():
            threading.Event().wait(0.01)
        raise Cancelled

    with fetching(Source(until_stopped), [CAR], tmp_path, stop.is_set) as entries:
        stop.set()
        with pytest.raises(Cancelled):
            entries.result(5)


def test_what_the_source_raises_comes_with_the_entries(tmp_path: Path) -> None:
    def broken(_: Callable[[], bool]) -> Sequence[Path | ImageError]:
        raise RuntimeError("a fault of the source")

    with fetching(Source(broken), [CAR], tmp_path, never) as entries, pytest.raises(RuntimeError, match="a fault"):
        entries.result(5)


def test_logs_of_the_thread_carry_the_jobs_id(tmp_path: Path) -> None:
    import structlog

    seen: list[object] = []

    def note(_: Callable[[], bool]) -> Sequence[Path | ImageError]:
        seen.append(structlog.contextvars.get_contextvars().get("job"))
        return []

    with structlog.contextvars.bound_contextvars(job="j1"), fetching(Source(note), [], tmp_path, never) as entries:
        entries.result(5)
    assert seen == ["j1"]
