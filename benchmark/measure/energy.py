"""Energy and carbon of a window. Runs in the Host.

On a GPU the driver's own energy counter is read around the window; elsewhere codecarbon says what the CPU and the
memory took: measured where RAPL can be read, estimated from load where not. What cannot be measured is None.
"""

import logging
import os
from pathlib import Path
from typing import Any, Self

from benchmark.measure.gpu import Gpu
from benchmark.measure.messages import Energy

_log = logging.getLogger(__name__)

_JOULES_PER_KWH = 3.6e6
_RAPL = Path("/sys/class/powercap")
#: Any country will do where only energy is wanted; codecarbon needs one.
_ANY_COUNTRY = "USA"


class EnergyMeter:
    """Measures one window after another."""

    def __init__(self, country: str | None, gpu: Gpu | None) -> None:
        """`gpu` is the one that the model runs on, if any."""
        self._country = country
        self._gpu = gpu
        self._tracker = _tracker(country, gpu)

    def window(self) -> "EnergyWindow":
        """A context manager; the device must have done all its work where it begins and where it ends."""
        return EnergyWindow(self._tracker, self._country, self._gpu)


class EnergyWindow:
    """What the code within it takes. It ends with an exception too, else the next window would begin with this one."""

    def __init__(self, tracker: Any, country: str | None, gpu: Gpu | None) -> None:
        self._tracker = tracker
        self._country = country
        self._gpu = gpu
        #: Reading of the GPU's counter at the start, in mJ.
        self._counter_mj: int | None = None
        #: Known once the window is over.
        self.energy = Energy()

    def __enter__(self) -> Self:
        self._counter_mj = self._gpu.energy_mj() if self._gpu else None
        if self._tracker:
            self._tracker.start_task()
        return self

    def __exit__(self, *exc_info: object) -> None:
        now_mj = self._gpu.energy_mj() if self._gpu else None
        figures = self._tracker.stop_task() if self._tracker else None
        if figures is not None:
            self.energy = self._read(figures, now_mj)

    def _read(self, figures: Any, now_mj: int | None) -> Energy:
        parts = {"cpu": figures.cpu_energy * _JOULES_PER_KWH, "ram": figures.ram_energy * _JOULES_PER_KWH}
        if self._gpu:
            parts["gpu"] = figures.gpu_energy * _JOULES_PER_KWH
        kg_per_joule = _kg_per_joule(figures) if self._country else None
        if now_mj is None or self._counter_mj is None:
            return _energy(parts, sum(parts.values()), "rapl" if rapl_readable() else "estimated", kg_per_joule)
        # The counter stands alone: a guess of the processor's share must not blur a measured figure.
        parts["gpu"] = (now_mj - self._counter_mj) / 1e3
        return _energy(parts, parts["gpu"], "nvml", kg_per_joule)


def _kg_per_joule(figures: Any) -> float | None:
    """Of the country's electricity, as codecarbon reckoned; None where it took no energy."""
    joules = figures.energy_consumed * _JOULES_PER_KWH
    return figures.emissions / joules if joules > 0 and figures.emissions > 0 else None


def _energy(parts: dict[str, float], joules: float, source: str, kg_per_joule: float | None) -> Energy:
    """Carbon is that of the same joules, so that both have one source."""
    if joules <= 0:
        return Energy()
    return Energy(joules, source, None if kg_per_joule is None else joules * kg_per_joule, parts)


def rapl_readable() -> bool:
    """Whether the CPU's own energy counter can be read."""
    return any(os.access(counter, os.R_OK) for counter in _RAPL.glob("intel-rapl:*/energy_uj"))


def _tracker(country: str | None, gpu: Gpu | None) -> Any:
    """A tracker that has found its hardware; None where codecarbon does not work, which must not fail a comparison."""
    logging.getLogger("codecarbon").setLevel(logging.ERROR)  # it speaks before it reads its own log_level
    from codecarbon import OfflineEmissionsTracker

    try:
        tracker = OfflineEmissionsTracker(
            country_iso_code=country or _ANY_COUNTRY,
            allow_multiple_runs=True,  # False would take over the signal handlers
            gpu_ids=[gpu.uuid] if gpu else None,
            log_level="error",
            measure_power_secs=1,
            output_methods=[],
            tracking_mode="machine",
        )
        # The first task looks for the hardware, which takes a second that belongs to no window.
        tracker.start_task("warm-up")
        tracker.stop_task()
    except Exception:
        _log.warning("codecarbon does not work here; energy is not measured", exc_info=True)
        return None
    return tracker
