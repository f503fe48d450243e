"""Errors of a model's library as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.errors import BenchmarkError, ModelFailed, OutOfMemory
from benchmark.measure.pulse import StopRequested


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, the processor's or the GPU's."""
    # By name, for torch is not imported just for this.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


@contextmanager
def translated(model: str) -> Iterator[None]:
    """Raises OutOfMemory or ModelFailed, naming the model, in place of what a library raises; ours pass through."""
    try:
        yield
    except (BenchmarkError, StopRequested, EOFError, ConnectionError):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        if is_out_of_memory(error):
            raise OutOfMemory(f"{model} does not fit into the memory of this machine ({what}).") from error
        raise ModelFailed(f"{model} raised {what}") from error
