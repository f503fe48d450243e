"""Errors of a model's library as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.errors import BenchmarkError, ModelFailed, OutOfMemory
from benchmark.measure.pulse import StopRequested


@contextmanager
def translated() -> Iterator[None]:
    """Raises OutOfMemory or ModelFailed in place of whatever a library raises; ours pass through."""
    try:
        yield
    except (BenchmarkError, StopRequested, EOFError, ConnectionError):
        raise
    except Exception as error:
        kind = type(error).__name__
        # torch is not imported here just to name its error.
        if isinstance(error, MemoryError) or kind == "OutOfMemoryError":
            raise OutOfMemory(f"{OutOfMemory.__doc__} ({kind}: {error})") from error
        raise ModelFailed(f"The model raised {kind}: {error}") from error
