"""``arena`` with comparisons that take no time, and with leases of a length that tests can wait for.

All but these, and the GPUs of ``QUICK_GPUS``, is real: the command, its signals, the Worker, the store, the wake-up.
"""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self
from unittest.mock import patch

from agent import settings
from agent.__main__ import main
from agent.settings import Settings
from benchmark import Cancelled, DeviceReport, Entries, LeftOut, Progress, TooFewImages, TorchGpu
from benchmark import look_at_device as _look_at_device

RESULT = {"model_a_metrics": {}, "model_b_metrics": {}, "winner": "tie", "verdict": {}, "environment": {}}
_LOOK_SECONDS = 0.005

_load_settings = settings.load_settings


class QuickComparison:
    """A result with nothing in it."""

    def to_row(self) -> dict[str, Any]:
        return RESULT

    def image_rows(self) -> list[dict[str, Any]]:
        return []


class QuickArena:
    """An Arena whose comparisons last ``QUICK_WORK_MS`` milliseconds: two numbers, least and most."""

    def __init__(self, *_: object) -> None:
        self._least_ms, self._most_ms = map(float, os.environ.get("QUICK_WORK_MS", "20 60").split())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def compare(
        self,
        _model_a: str,
        _model_b: str,
        images: "Future[Entries]",
        *_: object,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> QuickComparison:
        if all(isinstance(each, LeftOut) for each in images.result()):
            raise TooFewImages
        on_progress(Progress("single_stream", 0.5, None, 1, 2))
        end = time.monotonic() + random.uniform(self._least_ms, self._most_ms) / 1e3
        while time.monotonic() < end:
            if should_stop():
                raise Cancelled
            time.sleep(_LOOK_SECONDS)
        return QuickComparison()


def load_settings(**overrides: Any) -> Settings:
    """The real ones, with a lease of ``QUICK_LEASE_SECONDS``, which the real ones do not let be so short."""
    real = _load_settings(**overrides)
    return real.model_copy(update={"lease_seconds": int(os.environ.get("QUICK_LEASE_SECONDS", real.lease_seconds))})


def look_at_device(
    device: str, timeout_s: float = 60.0, should_stop: Callable[[], bool] = lambda: False
) -> DeviceReport:
    """As on a machine with ``QUICK_GPUS`` GPUs, all of them well; the real look where there are none."""
    count = int(os.environ.get("QUICK_GPUS", "0"))
    if not count:
        return _look_at_device(device, timeout_s, should_stop)
    return DeviceReport(device, gpus=tuple(TorchGpu(i, "NVIDIA L4", 23034, "8.9") for i in range(count)))


if __name__ == "__main__":
    with (
        patch("benchmark.Arena", QuickArena),
        patch("benchmark.look_at_device", look_at_device),
        patch("agent.settings.load_settings", load_settings),
    ):
        main()
