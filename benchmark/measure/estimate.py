"""What codecarbon says a window takes, by part. Runs in the Host."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from benchmark.measure.gpu import Gpu

_log = logging.getLogger(__name__)

_JOULES_PER_KWH = 3.6e6
#: Only energy is asked of it, but codecarbon wants a country, and without one would take it from the network.
_ANY_COUNTRY = "USA"


class Estimator:
    """Estimates one window after another, until codecarbon fails once: that must not fail a comparison.

    Within a window codecarbon looks at the machine's load once a second, in a thread of its own. That takes some
    1.2 ms of one core each time, 0.12 %. Nothing of it runs between windows.
    """

    def __init__(self, gpu: Gpu | None) -> None:
        """Finds the hardware, which takes a second. `gpu` is the one that the model runs on, if any."""
        self._gpu = gpu
        self._tracker: Any = None
        self._tracker = self._guarded(lambda: _tracker(gpu))

    def start(self) -> None:
        """Begin a window."""
        if self._tracker:
            self._guarded(self._tracker.start_task)

    def stop(self) -> Mapping[str, float]:
        """Joules by part since the start: `cpu`, `ram`, and `gpu` where the model runs on one. Empty: not known."""
        figures = self._guarded(self._tracker.stop_task) if self._tracker else None
        if figures is None:
            return {}
        kwh = {"cpu": figures.cpu_energy, "ram": figures.ram_energy}
        if self._gpu:
            kwh["gpu"] = figures.gpu_energy
        return {part: value * _JOULES_PER_KWH for part, value in kwh.items()}

    def _guarded(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception:
            _log.warning("codecarbon does not work here; energy is not estimated", exc_info=True)
            self._give_up()
            return None

    def _give_up(self) -> None:
        tracker, self._tracker = self._tracker, None
        if tracker:
            with suppress(Exception):
                tracker.stop()  # a window that failed leaves the thread at work that reads the hardware


def _tracker(gpu: Gpu | None) -> Any:
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.ERROR)  # it speaks before it reads its own log_level
    tracker = OfflineEmissionsTracker(
        country_iso_code=_ANY_COUNTRY,
        allow_multiple_runs=True,  # False would take over the signal handlers
        gpu_ids=[gpu.uuid] if gpu else None,
        log_level="error",
        output_methods=[],
        tracking_mode="machine",
    )
    # The first task looks for the hardware, which belongs to no window.
    tracker.start_task()
    tracker.stop_task()
    return tracker
