import json
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmark.measure.machine_state import machine_state


def test_it_is_json_of_this_machine() -> None:
    state = json.loads(json.dumps(machine_state()))
    assert set(state) == {"cpu", "load_average", "gpus"}
    assert set(state["cpu"]) == {"mhz", "min_mhz", "max_mhz", "governor", "temperature_c"}
    assert len(state["load_average"]) == 3


def test_clocks_are_told_and_limits_that_are_not_known_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_freq", lambda: SimpleNamespace(current=2600.5, min=0.0, max=3700.0))
    cpu = machine_state()["cpu"]
    assert (cpu["mhz"], cpu["min_mhz"], cpu["max_mhz"]) == (2600.5, None, 3700.0)


def test_a_system_without_clocks_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NotImplementedError

    for answer in (lambda: None, refuse):
        monkeypatch.setattr(psutil, "cpu_freq", answer)
        assert machine_state()["cpu"]["mhz"] is None


def governor(folder: Path, number: int, word: str) -> None:
    file = folder / f"cpu{number}" / "cpufreq" / "scaling_governor"
    file.parent.mkdir(parents=True)
    file.write_text(f"{word}\n")


def test_the_governor_is_that_of_all_processors(tmp_path: Path) -> None:
    assert machine_state(cpus=tmp_path)["cpu"]["governor"] is None
    governor(tmp_path, 0, "performance")
    governor(tmp_path, 1, "performance")
    assert machine_state(cpus=tmp_path)["cpu"]["governor"] == "performance"
    governor(tmp_path, 12, "powersave")
    assert machine_state(cpus=tmp_path)["cpu"]["governor"] == "performance, powersave"


def test_a_processor_that_is_switched_off_is_left_out(tmp_path: Path) -> None:
    governor(tmp_path, 0, "performance")
    (tmp_path / "cpu1" / "cpufreq" / "scaling_governor").mkdir(parents=True)
    assert machine_state(cpus=tmp_path)["cpu"]["governor"] == "performance"


def test_the_temperature_is_the_processors_hottest(monkeypatch: pytest.MonkeyPatch) -> None:
    sensors = {
        "nvme": [SimpleNamespace(current=99.0)],
        "coretemp": [SimpleNamespace(current=51.0), SimpleNamespace(current=64.0), SimpleNamespace(current=48.0)],
    }
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: sensors, raising=False)
    assert machine_state()["cpu"]["temperature_c"] == 64.0
    del sensors["coretemp"]
    assert machine_state()["cpu"]["temperature_c"] is None
    monkeypatch.delattr(psutil, "sensors_temperatures")
    assert machine_state()["cpu"]["temperature_c"] is None
