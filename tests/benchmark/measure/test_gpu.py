import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from benchmark.measure.gpu import Gpu, gpu_names, gpu_states
from benchmark.measure.gpu_reading import GpuReading, gpu_readings

MIB = 2**20
STATE = {
    "sm_mhz", "memory_mhz", "max_sm_mhz", "temperature_c", "power_limit_w", "performance_state", "throttle_reasons",
    "utilisation_percent", "persistence_mode", "own_processes", "foreign_processes",
}  # fmt: skip


class NVMLError(Exception):
    """As pynvml's."""


class FakeDriver(types.ModuleType):
    """pynvml of a machine with two GPUs; what is named in `refused` it does not answer."""

    NVMLError = NVMLError
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.refused: set[str] = set()
        self.reasons = 0x4 | 0x20
        self.lost: set[int] = set()
        self.processes = [(71, 900 * MIB), (72, 300 * MIB), (73, None)]

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("nvml") and name in self.refused:
            return self._refuse
        return super().__getattribute__(name)

    def _refuse(self, *_: object) -> None:
        raise NVMLError("Not Supported")

    def nvmlInit(self) -> None: ...  # noqa: N802 - the driver's names

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index in self.lost:
            raise NVMLError("GPU is lost")
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:  # noqa: N802
        assert uuid == "GPU-abc"
        return 1

    def nvmlDeviceGetName(self, handle: int) -> bytes:  # noqa: N802
        return b"Fake %d" % handle  # bytes, as older ones give

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return f"GPU-{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> object:  # noqa: N802
        return types.SimpleNamespace(total=80 * MIB, free=60 * MIB, used=20 * MIB + handle)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        return 350_500

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "570.1"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        return 5_000 * (handle + 1)

    def nvmlDeviceGetClockInfo(self, handle: int, kind: int) -> int:  # noqa: N802
        return {1: 1410, 2: 1593}[kind] + handle

    def nvmlDeviceGetMaxClockInfo(self, handle: int, kind: int) -> int:  # noqa: N802
        return {1: 1980, 2: 1593}[kind] + handle

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:  # noqa: N802
        return 44 + sensor

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: int) -> int:  # noqa: N802
        return 700_000

    def nvmlDeviceGetPerformanceState(self, handle: int) -> int:  # noqa: N802
        return 0

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: int) -> int:  # noqa: N802
        return self.reasons

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> object:  # noqa: N802
        return types.SimpleNamespace(gpu=31, memory=5)

    def nvmlDeviceGetPersistenceMode(self, handle: int) -> int:  # noqa: N802
        return 1

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[object]:  # noqa: N802
        return [types.SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in self.processes]


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    fake = FakeDriver()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    torch = types.SimpleNamespace(
        cuda=types.SimpleNamespace(get_device_properties=lambda device: types.SimpleNamespace(uuid="abc"))
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    return fake


def test_the_fake_answers_all_that_the_real_library_does_and_no_more() -> None:
    real = pytest.importorskip("pynvml")
    assert not [name for name in vars(FakeDriver) if name.lower().startswith("nvml") and not hasattr(real, name)]
    assert [real.NVML_CLOCK_SM, real.NVML_CLOCK_MEM, real.NVML_TEMPERATURE_GPU] == [1, 2, 0]


@pytest.mark.usefixtures("driver")
def test_it_is_found_by_its_uuid() -> None:
    gpu = Gpu.find("cuda:0")
    assert gpu is not None
    assert (gpu.name, gpu.driver, gpu.uuid, gpu.device) == ("Fake 1", "570.1", "GPU-abc", "cuda:0")
    assert gpu.energy_mj() == 10_000
    assert gpu_names() == ["Fake 0", "Fake 1"]


def test_what_it_cannot_tell_is_none(driver: FakeDriver) -> None:
    gpu = Gpu.find("cuda")
    assert gpu is not None
    driver.refused = {"nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetComputeRunningProcesses"}
    assert gpu.energy_mj() is None
    assert gpu.process_mb(71) is None


def test_a_process_is_known_by_its_id_or_not_at_all(driver: FakeDriver) -> None:
    gpu = Gpu.find("cuda")
    assert gpu is not None
    assert gpu.process_mb(71) == 900.0
    assert gpu.process_mb(4711) is None
    assert gpu.process_mb(73) is None  # known, but not what it takes
    driver.processes.append((71, 100 * MIB))
    assert gpu.process_mb(71) == 1000.0
    driver.processes.append((71, None))
    assert gpu.process_mb(71) is None


@pytest.mark.usefixtures("driver")
def test_the_state_of_each_gpu_is_told_in_words_and_units() -> None:
    first, second = gpu_states(pids=[71])
    assert first == {
        "sm_mhz": 1410,
        "memory_mhz": 1593,
        "max_sm_mhz": 1980,
        "temperature_c": 44,
        "power_limit_w": 700.0,
        "performance_state": "P0",
        "throttle_reasons": ["power limit", "heat"],
        "utilisation_percent": 31,
        "persistence_mode": True,
        "own_processes": 1,
        "foreign_processes": 2,
    }
    assert second["sm_mhz"] == 1411
    assert set(first) == STATE


def test_this_process_is_not_foreign(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: 72)
    assert [state["foreign_processes"] for state in gpu_states()] == [2, 2]
    driver.processes = []
    assert gpu_states()[0]["foreign_processes"] == 0


@pytest.mark.parametrize(("bits", "words"), [(0, []), (1, ["idle"]), (0x1 << 40, []), (0x80, ["power brake"])])
def test_reasons_that_nobody_knows_are_left_out(driver: FakeDriver, bits: int, words: list[str]) -> None:
    driver.reasons = bits
    assert gpu_states()[0]["throttle_reasons"] == words


def test_each_figure_is_none_where_the_driver_refuses_it(driver: FakeDriver) -> None:
    driver.refused = {name for name in vars(FakeDriver) if name.startswith("nvmlDeviceGet")} - {
        "nvmlDeviceGetCount",
        "nvmlDeviceGetHandleByIndex",
    }
    assert gpu_states() == [dict.fromkeys(STATE)] * 2


@pytest.mark.usefixtures("driver")
def test_without_a_driver_there_is_nothing(driver: FakeDriver) -> None:
    driver.refused = {"nvmlInit"}
    assert Gpu.find("cuda") is None
    assert (gpu_names(), gpu_states(), gpu_readings()) == ([], [], [])


@pytest.mark.usefixtures("driver")
def test_a_reading_says_what_each_gpu_takes() -> None:
    first, second = gpu_readings()
    assert first == GpuReading(
        index=0,
        uuid="GPU-0",
        name="Fake 0",
        memory_used_bytes=20 * MIB,
        memory_total_bytes=80 * MIB,
        energy_j=5.0,
        power_w=350.5,
        temperature_c=44.0,
        utilisation=0.31,
    )
    assert (second.index, second.energy_j, second.memory_used_bytes) == (1, 10.0, 20 * MIB + 1)


def test_a_gpu_that_is_lost_keeps_no_other_from_being_read(driver: FakeDriver) -> None:
    driver.lost = {0}
    assert [reading.index for reading in gpu_readings()] == [1]
    driver.refused = {"nvmlDeviceGetMemoryInfo", "nvmlDeviceGetPowerUsage", "nvmlDeviceGetUtilizationRates"}
    (reading,) = gpu_readings()
    assert (reading.memory_used_bytes, reading.power_w, reading.utilisation) == (None, None, None)
    assert reading.energy_j == 10.0


def test_a_processor_is_no_gpu() -> None:
    assert Gpu.find("cpu") is None


def test_the_real_library_agrees_with_itself() -> None:
    """With a driver or without: as many states as names."""
    assert len(gpu_names()) == len(gpu_states()) == len(gpu_readings())
    assert all(set(state) == STATE for state in gpu_states())
