"""Errors of a model's library as ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.errors import BenchmarkError, GpuFault, GpuOutOfMemory, ModelFailed, OutOfMemory
from benchmark.measure.pulse import StopRequested

#: How torch's messages begin when the GPU, its driver or a library on it failed.
_CUDA = (
    *("CUDA error", "CUDA driver error", "cuDNN error", "CUBLAS error"),
    *("No CUDA GPUs are available", "Found no NVIDIA driver"),
)
#: What a failed allocation on the GPU says, besides torch's own OutOfMemoryError: `CUDA error: out of memory`,
#: `cuDNN error: CUDNN_STATUS_ALLOC_FAILED`.
_GPU_FULL = ("out of memory", "ALLOC_FAILED")
#: What torch's allocator says where the processor's memory ran out, in a RuntimeError.
_CPU_FULL = "DefaultCPUAllocator: "
#: OpenCV's code for memory that ran out.
_CV_NO_MEMORY = -4


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, the processor's or the GPU's."""
    return (
        isinstance(error, MemoryError)
        or is_gpu_out_of_memory(error)
        or (isinstance(error, RuntimeError) and _CPU_FULL in str(error))
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (type(error).__module__ == "cv2" and getattr(error, "code", None) == _CV_NO_MEMORY)
    )


def is_gpu_out_of_memory(error: BaseException) -> bool:
    """Whether the memory of the GPU ran out; the process can go on, with less."""
    if not isinstance(error, RuntimeError):
        return False
    # By name, for torch is not imported just for this.
    text = str(error)
    return (
        type(error).__name__ == "OutOfMemoryError"
        or text.startswith("CUDA out of memory")
        or (text.startswith(_CUDA) and any(sign in text for sign in _GPU_FULL))
    )


def is_gpu_fault(error: BaseException) -> bool:
    """Whether CUDA failed; the process cannot use the GPU any more after that."""
    return isinstance(error, RuntimeError) and str(error).startswith(_CUDA) and not is_gpu_out_of_memory(error)


@contextmanager
def translated(model: str) -> Iterator[None]:
    """Raises OutOfMemory, GpuOutOfMemory, GpuFault or ModelFailed in place of what the model's library raises.

    Ours pass through.
    """
    try:
        yield
    except (BenchmarkError, StopRequested, EOFError, ConnectionError):
        raise
    except (Exception, SystemExit) as error:  # a library that exits must not take the Host with it unheard
        raise _ours(model, error) from error


def _ours(model: str, error: BaseException) -> BenchmarkError:
    what = f"{type(error).__name__}: {error}"
    if is_gpu_out_of_memory(error):
        return GpuOutOfMemory(f"{model} does not fit into the memory of the GPU ({what}).")
    if is_out_of_memory(error):
        return OutOfMemory(f"{model} does not fit into the memory of this machine ({what}).")
    if is_gpu_fault(error):
        return GpuFault(f"The GPU failed while {model} ran on it ({what}).")
    return ModelFailed(f"{model} raised {what}")
