"""A folder as /sys/class/powercap, for tests."""

from pathlib import Path

RANGE_UJ = 262_143_328_850


def domain(folder: Path, number: str, name: str, microjoules: object, limit: object = RANGE_UJ) -> Path:
    """A counter; parts lie within their package and beside it."""
    package = number.rsplit(":", 1)[0] if number.count(":") == 2 else None
    at = (folder / package if package else folder) / number
    at.mkdir(parents=True)
    (at / "name").write_text(f"{name}\n")
    (at / "energy_uj").write_text(f"{microjoules}\n")
    (at / "max_energy_range_uj").write_text(f"{limit}\n")
    if package:
        (folder / number).symlink_to(at)
    return at


def add(counter: Path, joules: float) -> None:
    """What a processor does to it."""
    file = counter / "energy_uj"
    file.write_text(str(int(file.read_text()) + round(joules * 1e6)))
