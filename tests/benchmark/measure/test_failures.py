"""What a library raises, in our words."""

import pytest

from benchmark.errors import BenchmarkError, GpuFault, ModelFailed, OutOfMemory, WeightsUnreadable
from benchmark.measure.failures import translated


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


class AcceleratorError(RuntimeError):
    """As torch names its own."""


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (MemoryError(), OutOfMemory),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), OutOfMemory),
        (AcceleratorError("CUDA error: out of memory"), OutOfMemory),
        (AcceleratorError("CUDA error: an illegal memory access was encountered"), GpuFault),
        (RuntimeError("CUDA error: unspecified launch failure"), GpuFault),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), GpuFault),
        (RuntimeError("No CUDA GPUs are available"), GpuFault),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ModelFailed),
        (ValueError("CUDA error: says one who is no library"), ModelFailed),
        (WeightsUnreadable(), WeightsUnreadable),
    ],
    ids=str,
)
def test_an_error_of_a_library_becomes_one_of_ours(raised: Exception, error: type[BenchmarkError]) -> None:
    with pytest.raises(error), translated("model"):
        raise raised


def test_only_what_another_try_may_mend_is_transient() -> None:
    assert GpuFault.transient
    assert not OutOfMemory.transient
    assert not ModelFailed.transient
