"""Errors of a model's library as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.errors import BenchmarkError, GpuFault, ModelFailed, OutOfMemory
from benchmark.measure.pulse import StopRequested

#: How torch's messages begin when the GPU, its driver or a library on it failed.
_CUDA = (
    *("CUDA error", "CUDA driver error", "cuDNN error", "CUBLAS error"),
    *("No CUDA GPUs are available", "Found no NVIDIA driver"),
)


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, the processor's or the GPU's."""
    # By name, for torch is not imported just for this.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (is_gpu_fault(error) and "out of memory" in str(error))
    )


def is_gpu_fault(error: Exception) -> bool:
    """Whether CUDA failed; the process cannot use the GPU any more after that."""
    return isinstance(error, RuntimeError) and str(error).startswith(_CUDA)


@contextmanager
def translated(model: str) -> Iterator[None]:
    """Raises OutOfMemory, GpuFault or ModelFailed in place of what the model's library raises; ours pass through."""
    try:
        yield
    except (BenchmarkError, StopRequested, EOFError, ConnectionError):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        if is_out_of_memory(error):
            raise OutOfMemory(f"{model} does not fit into the memory of this machine ({what}).") from error
        if is_gpu_fault(error):
            raise GpuFault(f"The GPU failed while {model} ran on it ({what}).") from error
        raise ModelFailed(f"{model} raised {what}") from error
