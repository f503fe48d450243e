"""Energy and carbon of a window. Runs in the Host.

Every figure has one source, the best that there is: the driver's counter of the GPU that the model runs on (`nvml`);
where it runs on the processor, the processor's own counters (`rapl`); else what codecarbon says (`estimated`). A figure
that was measured stands alone, and no estimate of other parts is added to it. What cannot be measured is None.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from benchmark.measure.countries import kg_per_joule
from benchmark.measure.estimate import Estimator
from benchmark.measure.gpu import Gpu
from benchmark.measure.messages import Energy, Idle
from benchmark.measure.pulse import Pulse
from benchmark.measure.rapl import POWERCAP, Counters, Rapl, Taken

#: Seconds between two looks at whether to leave off, while nothing is done.
_IDLE_STEP = 0.1


class EnergyMeter:
    """Measures one window after another."""

    def __init__(
        self, country: str | None, gpu: Gpu | None, powercap: Path = POWERCAP, *, on_processor: bool | None = None
    ) -> None:
        """`gpu` is the one that the model runs on, if any; without a country carbon is None.

        `on_processor` is False where the model runs on a GPU that the driver does not show: then nothing is measured.
        Raises UnknownCountry.
        """
        on_processor = gpu is None if on_processor is None else on_processor
        self._kg_per_joule = kg_per_joule(country) if country else None
        self._gpu = gpu
        # The processor's counters do not see what a GPU takes, so they say nothing of a model that runs on one.
        self._rapl = Rapl.find(powercap) if on_processor else None
        self._estimator = Estimator(gpu) if gpu or on_processor else None

    def window(self) -> "EnergyWindow":
        """A context manager; the device must have done all its work where it begins and where it ends."""
        return EnergyWindow(self._estimator, self._kg_per_joule, self._gpu, self._rapl)

    def idle(self, seconds: float, pulse: Pulse) -> Idle:
        """What is taken while nothing of ours works.

        The GPU's counter moves about every 0.1 s, so `seconds` should be 2 or more. Raises StopRequested.
        """
        with self.window() as window:
            start = time.perf_counter()
            while (elapsed := time.perf_counter() - start) < seconds:
                time.sleep(min(_IDLE_STEP, seconds - elapsed))
                pulse.tick(elapsed, seconds)
        joules = window.energy.joules
        return Idle(None, None) if joules is None else Idle(joules / elapsed, window.energy.source)


class EnergyWindow:
    """What the code within it takes. It ends with an exception too, else the next window would begin with this one."""

    def __init__(
        self, estimator: Estimator | None, kg_per_joule: float | None, gpu: Gpu | None, rapl: Rapl | None
    ) -> None:
        self._estimator = estimator
        self._kg_per_joule = kg_per_joule
        self._gpu = gpu
        self._rapl = rapl
        #: Readings at the start: the GPU's counter in mJ, the processor's in µJ.
        self._gpu_mj: int | None = None
        self._rapl_uj: Counters | None = None
        #: Known once the window is over.
        self.energy = Energy()

    def __enter__(self) -> Self:
        if self._estimator:
            self._estimator.start()
        # Last, as it is first at the end: these readings are the sharper ones.
        self._rapl_uj = self._rapl.read() if self._rapl else None
        self._gpu_mj = self._gpu.energy_mj() if self._gpu else None
        return self

    def __exit__(self, *exc_info: object) -> None:
        gpu_j = self._gpu_joules()
        taken = self._rapl.between(self._rapl_uj, self._rapl.read()) if self._rapl else None
        self.energy = self._best(gpu_j, taken, self._estimator.stop() if self._estimator else {})

    def _gpu_joules(self) -> float | None:
        now_mj = self._gpu.energy_mj() if self._gpu else None
        return None if now_mj is None or self._gpu_mj is None else (now_mj - self._gpu_mj) / 1e3

    def _best(self, gpu_j: float | None, taken: Taken | None, estimated: Mapping[str, float]) -> Energy:
        if gpu_j is not None:
            return self._energy(gpu_j, "nvml", {**estimated, "gpu": gpu_j})
        if taken is not None:
            measured = {"cpu": taken.cpu} | ({} if taken.ram is None else {"ram": taken.ram})
            return self._energy(taken.joules, "rapl", {**estimated, **measured})
        return self._energy(sum(estimated.values()), "estimated", estimated)

    def _energy(self, joules: float, source: str, parts: Mapping[str, float]) -> Energy:
        """Carbon is that of the same joules, so that both have one source."""
        if joules <= 0:
            return Energy()
        return Energy(joules, source, None if self._kg_per_joule is None else joules * self._kg_per_joule, parts)
