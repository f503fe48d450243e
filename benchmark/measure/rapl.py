"""The processor's own energy counters (RAPL), as Linux shows them; AMD's have the same names.

Source: the kernel's Documentation/power/powercap/powercap.rst.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
#: A package, or psys; its parts have a second number. `intel-rapl-mmio` is a second way to the same counters.
_TOP = re.compile(r"intel-rapl:\d+")
#: Processors of several dies may show one counter as several packages (codecarbon's issue 1274). Those that stand
#: this near to each other, in µJ, are one: that is what a package takes between two readings.
_SAME_UJ = 1_000_000

Counters = Mapping[Path, int]


@dataclass(frozen=True, slots=True)
class Taken:
    """Energy between two readings, in J."""

    cpu: float
    #: None where memory has no counter.
    ram: float | None

    @property
    def joules(self) -> float:
        """All that was measured."""
        return self.cpu + (self.ram or 0.0)


class Rapl:
    """Counters that can be read: each package, and the memory of each where it has a counter of its own."""

    def __init__(self, packages: Mapping[Path, int], memories: Mapping[Path, int]) -> None:
        """Folders of the counters, each with the µJ at which it starts again at 0."""
        self._packages = packages
        self._memories = memories

    @staticmethod
    def find(folder: Path = POWERCAP) -> "Rapl | None":
        """None where no package can be read, which is so for most users and in most containers."""
        tops = [each for each in sorted(folder.glob("intel-rapl:*")) if _TOP.fullmatch(each.name)]
        packages = _readable(each for each in tops if _text(each / "name").startswith("package"))
        # psys is not added: it holds the packages. Nor are core and uncore, which lie within them; memory does not.
        parts = (part for package in packages for part in sorted(package.glob(f"{package.name}:*")))
        memories = _readable(part for part in parts if _text(part / "name") == "dram")
        return Rapl(packages, memories) if packages else None

    def read(self) -> Counters | None:
        """All counters in µJ; None where one of them can no longer be read."""
        values = {counter: _number(counter / "energy_uj") for counter in (*self._packages, *self._memories)}
        found = {counter: value for counter, value in values.items() if value is not None}
        return found if len(found) == len(values) else None

    def between(self, before: Counters | None, after: Counters | None) -> Taken | None:
        """None where it cannot be known. A counter may start again once in between."""
        if before is None or after is None:
            return None
        cpu = _joules(self._packages, before, after)
        ram = _joules(self._memories, before, after)
        return None if cpu is None or ram is None else Taken(cpu, ram if self._memories else None)


def _joules(limits: Mapping[Path, int], before: Counters, after: Counters) -> float | None:
    taken = 0
    for counter in _distinct(limits, before, after):
        step = after[counter] - before[counter]
        if step < 0:
            step += limits[counter]
        if step < 0:
            return None
        taken += step
    return taken / 1e6


def _distinct(counters: Mapping[Path, int], before: Counters, after: Counters) -> list[Path]:
    kept: list[Path] = []
    for counter in counters:
        if not any(_near(counter, other, before) and _near(counter, other, after) for other in kept):
            kept.append(counter)
    return kept


def _near(counter: Path, other: Path, values: Counters) -> bool:
    return abs(values[counter] - values[other]) <= _SAME_UJ and values[counter] > 0


def _readable(counters: Iterable[Path]) -> dict[Path, int]:
    """Read, not asked whether it may be read: in a container the two differ."""
    return {
        each: _number(each / "max_energy_range_uj") or 0 for each in counters if _number(each / "energy_uj") is not None
    }


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, ValueError):
        return ""
