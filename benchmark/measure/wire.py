"""Messages between a parent and a Host, as bytes."""

from multiprocessing.reduction import ForkingPickler
from typing import Any

from benchmark.errors import ModelFailed
from benchmark.measure.failures import is_out_of_memory


def pack(model: str, message: object) -> bytes:
    """Raises ModelFailed where the message cannot leave this process: another try would fail in the same way."""
    try:
        return bytes(ForkingPickler.dumps(message))
    except Exception as error:
        raise _refused(model, f"{type(message).__name__} cannot leave its process", error) from error


def unpack(model: str, packed: bytes) -> Any:
    """Raises ModelFailed where the message holds what this process does not know."""
    try:
        return ForkingPickler.loads(packed)
    except Exception as error:
        raise _refused(model, "a message cannot be read in the other process", error) from error


def _refused(model: str, what: str, error: Exception) -> Exception:
    if is_out_of_memory(error):
        return error
    return ModelFailed(
        f"{model}: {what} ({type(error).__name__}: {error}). Loaders and what models answer must be plain data and "
        "functions of modules that both processes can import."
    )
