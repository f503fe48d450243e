"""What a library raises, in our words."""

import errno
from collections.abc import Callable

import numpy as np
import pytest

from benchmark.errors import BenchmarkError, GpuFault, GpuOutOfMemory, ModelFailed, OutOfMemory, WeightsUnreadable
from benchmark.measure.failures import is_gpu_fault, is_out_of_memory, translated


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


class AcceleratorError(RuntimeError):
    """As torch names its own."""


def too_large_for_opencv() -> None:
    import cv2

    cv2.copyMakeBorder(np.zeros((1, 1), np.float64), 0, 2_000_000, 0, 1_000_000, cv2.BORDER_CONSTANT)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (MemoryError(), OutOfMemory),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), OutOfMemory),
        (OSError(errno.ENOSPC, "No space left on device"), ModelFailed),
        (too_large_for_opencv, OutOfMemory),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), OutOfMemory),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), GpuOutOfMemory),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."), GpuOutOfMemory),
        (AcceleratorError("CUDA error: out of memory"), GpuOutOfMemory),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), GpuOutOfMemory),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), GpuOutOfMemory),
        (SystemExit(-4), ModelFailed),
        (RuntimeError("the shop is out of memory cards"), ModelFailed),
        (AcceleratorError("CUDA error: an illegal memory access was encountered"), GpuFault),
        (RuntimeError("CUDA error: unspecified launch failure"), GpuFault),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), GpuFault),
        (RuntimeError("No CUDA GPUs are available"), GpuFault),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ModelFailed),
        (ValueError("CUDA error: says one who is no library"), ModelFailed),
        (WeightsUnreadable(), WeightsUnreadable),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_an_error_of_a_library_becomes_one_of_ours(
    raised: BaseException | Callable[[], object], error: type[BenchmarkError]
) -> None:
    with pytest.raises(error) as caught, translated("model"):
        fail(raised)
    assert type(caught.value) is error


def fail(how: BaseException | Callable[[], object]) -> None:
    if isinstance(how, BaseException):
        raise how
    how()


@pytest.mark.parametrize(
    "error", [MemoryError(), OutOfMemoryError("x"), RuntimeError("CUDA error: out of memory"), OSError(12, "none")]
)
def test_every_way_to_run_out_of_memory_can_be_asked_for_at_once(error: Exception) -> None:
    assert is_out_of_memory(error)
    assert not is_gpu_fault(error)
    assert not is_out_of_memory(RuntimeError("CUDA error: unspecified launch failure"))


def test_only_what_another_try_may_mend_is_transient() -> None:
    assert GpuFault.transient
    assert not OutOfMemory.transient
    assert not ModelFailed.transient
