from pathlib import Path

import pytest

from benchmark.measure.rapl import Rapl, Taken
from tests.benchmark.measure.powercap import RANGE_UJ, add, domain


def found(folder: Path) -> Rapl:
    rapl = Rapl.find(folder)
    assert rapl is not None
    return rapl


def test_packages_are_added_up(tmp_path: Path) -> None:
    first = domain(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    second = domain(tmp_path, "intel-rapl:1", "package-1", 900_000_000)
    rapl = found(tmp_path)
    before = rapl.read()
    add(first, 20)
    add(second, 3.5)
    assert rapl.between(before, rapl.read()) == Taken(23.5, None)


def test_what_lies_within_a_package_or_around_it_is_not_counted_twice(tmp_path: Path) -> None:
    package = domain(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    others = [
        domain(tmp_path, "intel-rapl:0:0", "core", 1_000_000),
        domain(tmp_path, "intel-rapl:0:1", "uncore", 2_000_000),
        domain(tmp_path, "intel-rapl:1", "psys", 80_000_000),
        domain(tmp_path, "intel-rapl-mmio:0", "package-0", 7_000_000),
    ]
    rapl = found(tmp_path)
    before = rapl.read()
    add(package, 10)
    for other in others:
        add(other, 100)
    assert rapl.between(before, rapl.read()) == Taken(10.0, None)


def test_memory_with_a_counter_of_its_own_is_added(tmp_path: Path) -> None:
    package = domain(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    memory = domain(tmp_path, "intel-rapl:0:0", "dram", 1_000_000)
    rapl = found(tmp_path)
    before = rapl.read()
    add(package, 10)
    add(memory, 2)
    taken = rapl.between(before, rapl.read())
    assert taken == Taken(10.0, 2.0)
    assert taken.joules == 12.0


def test_a_counter_that_starts_again_is_carried_on(tmp_path: Path) -> None:
    package = domain(tmp_path, "intel-rapl:0", "package-0", RANGE_UJ - 4_000_000)
    rapl = found(tmp_path)
    before = rapl.read()
    (package / "energy_uj").write_text("6000000")
    assert rapl.between(before, rapl.read()) == Taken(10.0, None)


@pytest.mark.parametrize("limit", ["", "unknown", 1_000_000], ids=["empty", "a word", "too small"])
def test_a_counter_that_goes_back_where_its_range_is_not_known_measures_nothing(tmp_path: Path, limit: object) -> None:
    package = domain(tmp_path, "intel-rapl:0", "package-0", 9_000_000_000, limit)
    rapl = found(tmp_path)
    before = rapl.read()
    (package / "energy_uj").write_text("5")
    assert rapl.between(before, rapl.read()) is None


def test_dies_that_show_one_counter_are_one(tmp_path: Path) -> None:
    dies = [domain(tmp_path, f"intel-rapl:{die}", f"package-0-die-{die}", 77_000_000 + die) for die in range(4)]
    rapl = found(tmp_path)
    before = rapl.read()
    for die in dies:
        add(die, 30)
    assert rapl.between(before, rapl.read()) == Taken(30.0, None)


def test_packages_that_once_stood_alike_are_two(tmp_path: Path) -> None:
    first = domain(tmp_path, "intel-rapl:0", "package-0", 77_000_000)
    second = domain(tmp_path, "intel-rapl:1", "package-1", 77_000_000)
    rapl = found(tmp_path)
    before = rapl.read()
    add(first, 30)
    add(second, 10)
    assert rapl.between(before, rapl.read()) == Taken(40.0, None)


def test_without_a_folder_there_is_none(tmp_path: Path) -> None:
    assert Rapl.find(tmp_path / "absent") is None
    assert Rapl.find(tmp_path) is None


def test_psys_alone_is_not_the_processor(tmp_path: Path) -> None:
    domain(tmp_path, "intel-rapl:0", "psys", 5_000_000)
    assert Rapl.find(tmp_path) is None


def test_what_can_be_opened_but_not_read_is_none(tmp_path: Path) -> None:
    package = domain(tmp_path, "intel-rapl:0", "package-0", "garbage")
    assert Rapl.find(tmp_path) is None
    (package / "energy_uj").unlink()
    (package / "energy_uj").mkdir()
    assert Rapl.find(tmp_path) is None


def test_a_counter_that_vanished_measures_nothing(tmp_path: Path) -> None:
    domain(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    second = domain(tmp_path, "intel-rapl:1", "package-1", 5_000_000_000)
    rapl = found(tmp_path)
    before = rapl.read()
    assert before is not None
    (second / "energy_uj").unlink()
    assert rapl.read() is None
    assert rapl.between(before, rapl.read()) is None
    assert rapl.between(None, before) is None
