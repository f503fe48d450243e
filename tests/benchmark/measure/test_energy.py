import time

import pytest
from codecarbon import OfflineEmissionsTracker

from benchmark.measure import energy
from benchmark.measure.energy import EnergyMeter
from benchmark.measure.gpu import Gpu


def spin(seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        pass


@pytest.fixture(scope="module")
def meter() -> EnergyMeter:
    return EnergyMeter("DEU", gpu=None)


def test_it_agrees_with_a_tracker_of_its_own_around_the_same_window(meter: EnergyMeter) -> None:
    other = OfflineEmissionsTracker(country_iso_code="DEU", output_methods=[], log_level="critical")
    other.start_task("warm-up")
    other.stop_task()
    other.start_task("window")
    with meter.window() as window:
        spin(2.0)
    ours = window.energy
    theirs = other.stop_task()
    assert ours.joules == pytest.approx(theirs.energy_consumed * 3.6e6, rel=0.05)
    assert ours.carbon_kg == pytest.approx(theirs.emissions, rel=0.05)


def test_a_longer_window_takes_more(meter: EnergyMeter) -> None:
    readings = []
    for seconds in (0.5, 2.0):
        with meter.window() as window:
            time.sleep(seconds)
        readings.append(window.energy.joules)
    assert None not in readings
    assert readings[1] > 2 * readings[0]  # type: ignore[operator]


def test_a_window_that_was_broken_off_leaves_nothing_for_the_next(meter: EnergyMeter) -> None:
    def break_off() -> None:
        with meter.window():
            time.sleep(2.0)
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    readings = []
    for seconds in (0.4, 2.0):
        with meter.window() as window:
            time.sleep(seconds)
        readings.append(window.energy.joules)
    assert None not in readings
    assert readings[0] < readings[1]  # type: ignore[operator]


def test_where_rapl_cannot_be_read_it_is_called_an_estimate(
    meter: EnergyMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "rapl_readable", lambda: False)
    with meter.window() as window:
        time.sleep(0.2)
    assert window.energy.source == "estimated"


class FakeCounter(Gpu):
    """A GPU whose counter goes up by 5 J a reading."""

    readings = 0

    def energy_mj(self) -> int | None:
        type(self).readings += 1
        return 1_000_000 + 5_000 * self.readings


def test_a_gpus_counter_stands_alone() -> None:
    with EnergyMeter(None, FakeCounter("fake", "0", "GPU-0", "cuda:0", None)).window() as window:
        time.sleep(0.2)
    reading = window.energy
    assert (reading.joules, reading.source, reading.carbon_kg) == (5.0, "nvml", None)
    assert reading.parts["gpu"] == 5.0
    assert reading.parts["ram"] > 0


def test_carbon_is_that_of_the_counted_joules() -> None:
    """Germany: 381 g a kWh, as codecarbon has it; of 5 J, whatever it reckons for the rest of the machine."""
    with EnergyMeter("DEU", FakeCounter("fake", "0", "GPU-0", "cuda:0", None)).window() as window:
        time.sleep(0.2)
    assert window.energy.carbon_kg == pytest.approx(5.0 / 3.6e6 * 0.381, rel=0.01)


def test_where_codecarbon_does_not_work_nothing_is_measured_and_nothing_breaks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no hardware")

    monkeypatch.setattr(OfflineEmissionsTracker, "start_task", refuse)
    with EnergyMeter("DEU", gpu=None).window() as window:
        pass
    reading = window.energy
    assert (reading.joules, reading.source, reading.carbon_kg) == (None, None, None)
    assert "energy is not measured" in caplog.text


def test_a_processor_needs_no_gpu() -> None:
    assert Gpu.find("cpu") is None
