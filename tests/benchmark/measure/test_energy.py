import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from codecarbon import OfflineEmissionsTracker

from benchmark import UnknownCountry
from benchmark.measure.energy import EnergyMeter
from benchmark.measure.gpu import Gpu
from benchmark.measure.messages import Energy
from benchmark.measure.pulse import StopRequested
from tests.benchmark.measure.powercap import add, domain

#: Germany, in kg CO2eq per J: 381 g a kWh, as codecarbon has it.
GERMANY = 0.38095 / 3.6e6


def spin(seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        pass


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of counters of a machine that has none."""
    return tmp_path_factory.mktemp("powercap")


@pytest.fixture(scope="module")
def meter(nothing: Path) -> EnergyMeter:
    """Of a machine that can only estimate, whatever this one can do."""
    return EnergyMeter("DEU", None, nothing)


def run_up(counter: Path, joules: float) -> None:
    """Work for a while that takes so much."""
    add(counter, joules)
    time.sleep(0.2)


def measured(meter: EnergyMeter, work: Callable[[], object]) -> Energy:
    with meter.window() as window:
        work()
    return window.energy


def joules(meter: EnergyMeter, work: Callable[[], object]) -> float:
    energy = measured(meter, work)
    assert energy.joules is not None
    return energy.joules


def test_it_agrees_with_a_tracker_of_its_own_around_the_same_window(meter: EnergyMeter) -> None:
    """Within 5 %: the median of five, for the trackers see the load of slightly different moments."""
    other = OfflineEmissionsTracker(country_iso_code="DEU", output_methods=[], log_level="critical")
    other.start_task("warm-up")
    other.stop_task()
    energies, carbons = [], []
    for number in range(5):
        other.start_task(f"window {number}")
        ours = measured(meter, lambda: spin(1.2))
        theirs = other.stop_task()
        assert ours.joules is not None
        assert ours.carbon_kg is not None
        energies.append(ours.joules / (theirs.energy_consumed * 3.6e6))
        carbons.append(ours.carbon_kg / theirs.emissions)
    assert median(energies) == pytest.approx(1.0, abs=0.05)
    assert median(carbons) == pytest.approx(1.0, abs=0.05)


def test_energy_goes_with_the_length_of_the_window(meter: EnergyMeter) -> None:
    """From 0.5 s to 4 s, in turn; asleep, where nearly all is constant, and within a tenth.

    Others' load on this machine is measured too, and comes and goes: it has more rounds to even out. What is lost of
    a short window is lost of all of them.
    """
    within_a_tenth = pytest.approx(1.0, abs=0.1)
    powers: dict[float, list[float]] = {0.5: [], 4.0: []}
    for _ in range(6):
        for seconds in (0.5, 4.0, 0.5):
            start = time.perf_counter()
            taken = joules(meter, partial(time.sleep, seconds))
            powers[seconds].append(taken / (time.perf_counter() - start))
        share = median(powers[0.5]) / median(powers[4.0])
        if share == within_a_tenth:
            break
    assert share == within_a_tenth


def test_a_window_that_was_broken_off_leaves_nothing_for_the_next(meter: EnergyMeter) -> None:
    def break_off() -> None:
        time.sleep(2.0)
        raise KeyError

    with pytest.raises(KeyError):
        measured(meter, break_off)
    assert joules(meter, lambda: time.sleep(0.4)) < joules(meter, lambda: time.sleep(2.0))


def test_what_cannot_be_measured_is_called_an_estimate(meter: EnergyMeter) -> None:
    energy = measured(meter, lambda: time.sleep(0.2))
    assert energy.source == "estimated"
    assert energy.joules == pytest.approx(energy.parts["cpu"] + energy.parts["ram"])


def test_codecarbon_takes_little_of_a_window_and_nothing_after_it(meter: EnergyMeter) -> None:
    """Of 4 s less than 1 % of a core: it looks at the machine once a second."""
    threads, work = threading.active_count(), time.process_time()
    joules(meter, lambda: time.sleep(4.0))
    assert time.process_time() - work < 0.04
    deadline = time.monotonic() + 10
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)  # its thread is told to end, and takes a moment
    assert threading.active_count() <= threads


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return domain(tmp_path, "intel-rapl:0", "package-0", 5_000_000)


def test_the_processors_counter_stands_alone(package: Path) -> None:
    meter = EnergyMeter("DEU", None, package.parent)
    energy = measured(meter, partial(run_up, package, 30))
    assert (energy.joules, energy.source) == (30.0, "rapl")
    assert energy.carbon_kg == pytest.approx(30 * GERMANY, rel=1e-3)
    assert energy.parts["cpu"] == 30.0
    assert energy.parts["ram"] > 0  # codecarbon's guess, beside


def test_what_happened_before_the_window_is_not_in_it(package: Path) -> None:
    meter = EnergyMeter(None, None, package.parent)
    add(package, 1000)
    first = measured(meter, lambda: add(package, 7))
    add(package, 1000)
    second = measured(meter, lambda: add(package, 9))
    assert (first.joules, second.joules, second.carbon_kg) == (7.0, 9.0, None)


def test_memorys_counter_belongs_to_what_was_measured(package: Path) -> None:
    memory = domain(package.parent, "intel-rapl:0:0", "dram", 5)

    def work() -> None:
        add(package, 30)
        add(memory, 4)

    energy = measured(EnergyMeter(None, None, package.parent), work)
    assert (energy.joules, energy.source) == (34.0, "rapl")
    assert dict(energy.parts) == {"cpu": 30.0, "ram": 4.0}


def test_a_counter_that_vanishes_leaves_the_estimate(package: Path) -> None:
    def vanish() -> None:
        (package / "energy_uj").unlink()
        time.sleep(0.2)

    energy = measured(EnergyMeter(None, None, package.parent), vanish)
    assert energy.source == "estimated"


def test_a_counter_that_stands_still_has_measured_nothing(package: Path) -> None:
    assert measured(EnergyMeter(None, None, package.parent), lambda: time.sleep(0.2)) == Energy()


class FakeCounter(Gpu):
    """A GPU whose counter goes up by 5 J a reading."""

    readings = 0

    def energy_mj(self) -> int | None:
        type(self).readings += 1
        return 1_000_000 + 5_000 * self.readings


class NoCounter(Gpu):
    """A GPU from before Volta."""

    def energy_mj(self) -> int | None:
        return None


FAKE = FakeCounter("fake", "0", "GPU-0", "cuda:0", None)


def test_a_gpus_counter_stands_alone(package: Path) -> None:
    energy = measured(EnergyMeter(None, FAKE, package.parent), partial(run_up, package, 30))
    assert (energy.joules, energy.source, energy.carbon_kg) == (5.0, "nvml", None)
    assert energy.parts["gpu"] == 5.0
    assert energy.parts["ram"] > 0


def test_carbon_is_that_of_the_counted_joules(nothing: Path) -> None:
    energy = measured(EnergyMeter("DEU", FAKE, nothing), lambda: time.sleep(0.2))
    assert energy.carbon_kg == pytest.approx(5.0 * GERMANY, rel=1e-3)


def test_what_a_gpu_takes_is_not_in_the_processors_counter(package: Path) -> None:
    gpu = NoCounter("fake", "0", "GPU-0", "cuda:0", None)
    energy = measured(EnergyMeter(None, gpu, package.parent), partial(run_up, package, 30))
    assert energy.source == "estimated"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """codecarbon that does not start."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no hardware")

    monkeypatch.setattr(OfflineEmissionsTracker, "start_task", refuse)


@pytest.mark.usefixtures("broken")
def test_where_codecarbon_does_not_work_nothing_is_measured_and_nothing_breaks(
    nothing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert measured(EnergyMeter("DEU", None, nothing), lambda: None) == Energy()
    assert "energy is not estimated" in caplog.text


@pytest.mark.usefixtures("broken")
def test_counters_do_not_need_codecarbon(package: Path, nothing: Path) -> None:
    energy = measured(EnergyMeter("DEU", None, package.parent), lambda: add(package, 30))
    assert (energy.joules, energy.source, energy.parts) == (30.0, "rapl", {"cpu": 30.0})
    assert energy.carbon_kg == pytest.approx(30 * GERMANY, rel=1e-3)
    assert measured(EnergyMeter(None, FAKE, nothing), lambda: None).source == "nvml"


def test_codecarbon_that_fails_in_a_window_fails_no_comparison(
    nothing: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    meter = EnergyMeter("DEU", None, nothing)

    def refuse(*_: object) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(OfflineEmissionsTracker, "stop_task", refuse)
        assert measured(meter, lambda: None) == Energy()
    assert measured(meter, lambda: time.sleep(0.2)) == Energy()  # a tracker that failed once is not trusted again
    assert caplog.text.count("energy is not estimated") == 1


def test_codecarbon_that_fails_in_a_window_leaves_no_thread_at_work(
    nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, before = EnergyMeter("DEU", None, nothing), set(threading.enumerate())
    with meter.window():
        assert set(threading.enumerate()) - before
        monkeypatch.setattr(OfflineEmissionsTracker, "stop_task", None)
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert not set(threading.enumerate()) - before


def test_an_unknown_country_is_refused(nothing: Path) -> None:
    with pytest.raises(UnknownCountry):
        EnergyMeter("XYZ", None, nothing)


class FakePulse:
    """Is told to stop at its nth tick."""

    def __init__(self, stop_at: int = 10_000) -> None:
        self.ticks: list[tuple[float, float]] = []
        self._stop_at = stop_at

    def tick(self, done: float, total: float) -> None:
        self.ticks.append((done, total))
        if len(self.ticks) == self._stop_at:
            raise StopRequested


def test_idle_power_is_that_of_doing_nothing(package: Path) -> None:
    pulse: Any = FakePulse()
    meter = EnergyMeter(None, None, package.parent)
    add_once = pulse.tick

    def tick(done: float, total: float) -> None:
        if not pulse.ticks:
            add(package, 12)
        add_once(done, total)

    pulse.tick = tick
    work, start = time.process_time(), time.perf_counter()
    idle = meter.idle(2.0, pulse)
    seconds = time.perf_counter() - start
    assert time.process_time() - work < 0.2
    assert seconds >= 2.0
    assert idle.source == "rapl"
    assert idle.watts is not None
    assert 12.0 / seconds <= idle.watts <= 6.0
    assert all(done < total == 2.0 for done, total in pulse.ticks)


def test_idle_power_is_estimated_where_it_cannot_be_measured(meter: EnergyMeter) -> None:
    pulse: Any = FakePulse()
    idle = meter.idle(0.5, pulse)
    assert idle.source == "estimated"
    assert idle.watts is not None
    assert idle.watts > 0


@pytest.mark.usefixtures("broken")
def test_idle_power_that_is_not_known_is_none(nothing: Path) -> None:
    pulse: Any = FakePulse()
    idle = EnergyMeter(None, None, nothing).idle(0.2, pulse)
    assert (idle.watts, idle.source) == (None, None)


def test_a_cancel_is_heard_while_nothing_is_done(meter: EnergyMeter) -> None:
    pulse: Any = FakePulse(stop_at=3)
    start = time.perf_counter()
    with pytest.raises(StopRequested):
        meter.idle(60.0, pulse)
    assert time.perf_counter() - start < 20
    assert joules(meter, lambda: time.sleep(0.2)) > 0


def test_nothing_of_it_touches_signals_files_or_the_network(tmp_path: Path) -> None:
    """In a process of its own, since codecarbon is loaded here already."""
    code = f"""
import signal, socket, sys
handler = lambda *_: None
signal.signal(signal.SIGTERM, handler); signal.signal(signal.SIGINT, handler)
opened = []
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        opened.append((event, args))
    if event == "open" and isinstance(args[0], str) and "__pycache__" not in args[0]:
        if set(str(args[1])) & set("wax+"):
            opened.append((event, args))
sys.addaudithook(hook)
sys.path.insert(0, {os.getcwd()!r})
import time
from pathlib import Path
from benchmark.measure.energy import EnergyMeter
meter = EnergyMeter("DEU", None, Path("absent"))
with meter.window() as window:
    time.sleep(1.3)
assert window.energy.joules
assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == [handler] * 2
print(opened)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())
