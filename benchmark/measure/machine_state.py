"""How the machine is at this moment. What cannot be read is None."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from benchmark.measure.environment import load_average
from benchmark.measure.gpu import gpu_states

_CPUS = Path("/sys/devices/system/cpu")
#: Sensors of a processor: Intel, AMD (two drivers), ARM.
_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")


def machine_state(pids: Collection[int] = (), cpus: Path = _CPUS) -> dict[str, Any]:
    """Clocks, temperatures, load: JSON-able. Takes some milliseconds. `pids` are those of our Hosts.

    `cpu.governor` holds several words, with commas, where processors differ.
    """
    return {
        "cpu": {**_clock(), "governor": _governor(cpus), "temperature_c": _temperature_c()},
        "load_average": load_average(),
        "gpus": gpu_states(pids),
    }


def _clock() -> dict[str, float | None]:
    """MHz, mean over the processors. The system writes 0 for a limit it does not know."""
    try:
        clock = psutil.cpu_freq()
    except (OSError, NotImplementedError, RuntimeError):  # what psutil raises where the system keeps none
        clock = None
    now, low, high = (clock.current, clock.min, clock.max) if clock else (None, None, None)
    return {"mhz": now or None, "min_mhz": low or None, "max_mhz": high or None}


def _governor(cpus: Path) -> str | None:
    words = set()
    for file in cpus.glob("cpu[0-9]*/cpufreq/scaling_governor"):
        with suppress(OSError):  # a processor that is switched off
            words.add(file.read_text().strip())
    return ", ".join(sorted(words)) or None


def _temperature_c() -> float | None:
    """The hottest part of the processor."""
    read = getattr(psutil, "sensors_temperatures", None)  # there is none on macOS and Windows
    sensors: dict[str, list[Any]] = {}
    with suppress(OSError, psutil.Error):
        sensors = read() if read else {}
    return max((each.current for name in _CPU_SENSORS for each in sensors.get(name, ())), default=None)
