"""The codes of errors that there are, so that a count of each can begin at 0."""

from collections.abc import Iterator

from agent.errors import ImageError, JobError
from benchmark import BenchmarkError, Cancelled

#: Of failures that are no class of their own; see agent/attempt.py.
_UNFORESEEN = {"internal_error", "result_refused"}


def job_codes() -> list[str]:
    """What a job can fail with."""
    return sorted({*_codes(JobError), *_codes(BenchmarkError), *_UNFORESEEN} - {Cancelled.code})


def image_codes() -> list[str]:
    """Why an image could not be had."""
    return sorted(_codes(ImageError))


def _codes(kind: type[JobError] | type[BenchmarkError]) -> Iterator[str]:
    """Of an error and of all that are special cases of it."""
    yield kind.code
    for special in kind.__subclasses__():
        yield from _codes(special)
