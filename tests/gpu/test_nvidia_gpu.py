"""On a machine with an NVIDIA GPU and torch for it: what elsewhere a stand-in answers."""

import os
import time
from typing import Any

import pytest

from benchmark.measure.energy import EnergyMeter
from benchmark.measure.gpu import Gpu, gpu_names, gpu_states
from benchmark.measure.memory import peak_memory, reset_peak_memory

torch = pytest.importorskip("torch", reason="needs torch")

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")]


@pytest.fixture(scope="module")
def gpu() -> Gpu:
    found = Gpu.find("cuda:0")
    assert found is not None
    return found


def multiply(seconds: float) -> None:
    """Keep the GPU busy."""
    matrix = torch.randn(4096, 4096, device="cuda:0")
    torch.cuda.synchronize()
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        matrix @ matrix
        torch.cuda.synchronize()


def joules(gpu: Gpu, work: Any) -> float:
    meter = EnergyMeter("DEU", gpu)
    with meter.window() as window:
        work()
    assert window.energy.source == "nvml"
    assert window.energy.joules is not None
    assert window.energy.carbon_kg is not None
    return window.energy.joules


def test_it_is_the_one_that_torch_uses(gpu: Gpu) -> None:
    assert torch.cuda.get_device_name(0) in gpu.name or gpu.name in torch.cuda.get_device_name(0)
    assert gpu.name in gpu_names()
    assert gpu.uuid.startswith("GPU-")


def test_work_takes_more_than_rest(gpu: Gpu) -> None:
    if gpu.energy_mj() is None:
        pytest.skip("this GPU has no energy counter")
    multiply(1.0)
    at_work = joules(gpu, lambda: multiply(3.0))
    time.sleep(1.0)
    assert at_work > 1.3 * joules(gpu, lambda: time.sleep(3.0))


def test_twice_the_work_takes_about_twice_the_energy(gpu: Gpu) -> None:
    if gpu.energy_mj() is None:
        pytest.skip("this GPU has no energy counter")
    multiply(2.0)
    assert joules(gpu, lambda: multiply(6.0)) / joules(gpu, lambda: multiply(3.0)) == pytest.approx(2.0, rel=0.15)


def test_memory_is_what_tensors_took_and_is_forgotten_at_the_reset(gpu: Gpu) -> None:
    torch.cuda.empty_cache()
    reset_peak_memory()
    before = peak_memory(gpu=gpu)
    tensor = torch.ones(512 * 2**18, device="cuda:0")  # 512 MiB
    during = peak_memory(gpu=gpu)
    del tensor
    torch.cuda.empty_cache()
    after = peak_memory(gpu=gpu)
    assert during.gpu_allocated_mb - before.gpu_allocated_mb == pytest.approx(512, rel=0.05)  # type: ignore[operator]
    assert after.gpu_allocated_mb == during.gpu_allocated_mb
    assert during.gpu_reserved_mb >= during.gpu_allocated_mb  # type: ignore[operator]
    reset_peak_memory()
    assert peak_memory(gpu=gpu).gpu_allocated_mb == pytest.approx(before.gpu_allocated_mb, abs=1)


def test_the_driver_knows_this_process_or_says_nothing_of_it(gpu: Gpu) -> None:
    """In a container the driver may count by the host's process ids: then None."""
    torch.ones(256 * 2**18, device="cuda:0")
    reserved_mb = torch.cuda.memory_reserved(0) / 2**20
    process_mb = gpu.process_mb(os.getpid())
    assert process_mb is None or process_mb >= reserved_mb
    assert gpu.process_mb(2**30) is None


def test_the_state_of_a_real_gpu_can_be_read() -> None:
    states = gpu_states()
    assert len(states) == len(gpu_names()) >= torch.cuda.device_count()
    for state in states:
        assert 100 < state["sm_mhz"] < 10_000
        assert 0 < state["temperature_c"] < 120
        assert state["performance_state"] in {f"P{number}" for number in range(16)}
        assert isinstance(state["throttle_reasons"], list)
