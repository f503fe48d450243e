"""Whether this machine's processor tells what energy it takes."""

from pathlib import Path
from typing import Literal

from benchmark.measure.rapl import POWERCAP, Rapl


def processor_counters(folder: Path = POWERCAP) -> Literal["readable", "locked", "none"]:
    """`locked`: there are some, but this process may not read them."""
    if Rapl.find(folder):
        return "readable"
    return "locked" if any(folder.glob("intel-rapl:*/energy_uj")) else "none"
