import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.measure import memory
from benchmark.measure.gpu import Gpu
from benchmark.measure.memory import peak_memory, reset_peak_memory, resident_mb

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
ROOT = Path(__file__).parents[3]
#: Touches so many MiB, lets go of them, and says what it found.
SCRIPT = f"""
import dataclasses, json, sys
sys.path.insert(0, {str(ROOT)!r})
from benchmark.measure.memory import peak_memory, reset_peak_memory
before, after = (int(each) for each in sys.argv[1:])
bytearray(b"x") * (before * 2**20)
reset_peak_memory()
bytearray(b"x") * (after * 2**20)
print(json.dumps(dataclasses.asdict(peak_memory())))
"""
#: Runs a program, and prints after it what the kernel says of its peak, in KiB.
WAIT = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
print(os.wait4(child, 0)[2].ru_maxrss)
"""


def command(before: int, after: int) -> list[str]:
    return [sys.executable, "-c", SCRIPT, str(before), str(after)]


def report(before: int, after: int) -> dict[str, Any]:
    done = subprocess.run(command(before, after), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@linux
def test_the_peak_is_what_the_kernel_tells_the_parent() -> None:
    """Within 5 %. The parent is a small one, for a child begins with its parent's peak."""
    done = subprocess.run([sys.executable, "-c", WAIT, *command(0, 700)], capture_output=True, text=True, check=True)
    found, kernel_kb = map(json.loads, done.stdout.splitlines())
    assert found["resident_mb"] == pytest.approx(kernel_kb / 1024, rel=0.05)
    assert found["max_rss_mb"] == pytest.approx(kernel_kb / 1024, rel=0.05)
    assert found["resident_mb"] > 700


@linux
@pytest.mark.skipif(not shutil.which("time"), reason="GNU time is not installed")
def test_the_peak_is_what_gnu_time_says() -> None:
    """Within 5 %. `time` is small, so its child begins with next to nothing."""
    time = str(shutil.which("time"))
    done = subprocess.run([time, "-v", *command(0, 300)], capture_output=True, text=True, check=True)
    [line] = [line for line in done.stderr.splitlines() if "Maximum resident set size" in line]
    found = json.loads(done.stdout)
    assert found["resident_mb"] == pytest.approx(int(line.split()[-1]) / 1024, rel=0.05)
    assert found["max_rss_mb"] == pytest.approx(int(line.split()[-1]) / 1024, rel=0.05)


@linux
def test_after_a_reset_the_peak_is_that_of_what_came_after() -> None:
    found = report(before=400, after=100)
    assert 100 < found["resident_mb"] < 200
    assert found["max_rss_mb"] > 400


@linux
def test_the_peak_of_its_life_is_the_later_one_where_that_is_higher() -> None:
    found = report(before=100, after=400)
    assert found["max_rss_mb"] == found["resident_mb"] > 400


@linux
def test_what_its_parent_had_is_not_its_own() -> None:
    """`ru_maxrss` of a child begins with what its parent had."""
    ballast = bytearray(b"x") * (600 * 2**20)
    found = report(before=0, after=50)
    assert len(ballast) > 600e6
    assert 50 < found["max_rss_mb"] < 300


@pytest.fixture
def broken_reset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_CLEAR_REFS", tmp_path)  # a folder cannot be written to


@pytest.mark.usefixtures("broken_reset")
def test_where_the_reset_fails_there_is_no_peak_of_what_came_after() -> None:
    reset_peak_memory()
    assert peak_memory().resident_mb is None
    assert peak_memory().max_rss_mb


@linux
def test_a_reset_that_worked_once_does_not_speak_for_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reset_peak_memory()
    assert peak_memory().resident_mb
    monkeypatch.setattr(memory, "_CLEAR_REFS", tmp_path)
    reset_peak_memory()
    assert peak_memory().resident_mb is None


@linux
def test_memory_now_goes_up_with_what_is_touched_and_down_again() -> None:
    before = resident_mb()
    ballast = bytearray(b"x") * (200 * 2**20)
    during = resident_mb()
    del ballast
    after = resident_mb()
    assert before is not None
    assert during is not None
    assert after is not None
    assert during - before == pytest.approx(200, abs=20)
    assert after - before < 50


def test_without_proc_it_is_not_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "absent")
    reset_peak_memory()
    assert resident_mb() is None
    assert peak_memory().resident_mb is None
    assert peak_memory().max_rss_mb


def test_without_a_gpu_nothing_is_said_of_one() -> None:
    found = peak_memory(empty_mb=12.5)
    assert (found.gpu_allocated_mb, found.gpu_reserved_mb, found.gpu_process_mb) == (None, None, None)
    assert found.empty_mb == 12.5


class FakeGpu(Gpu):
    def process_mb(self, pid: int) -> float | None:
        return 900.0 if pid == os.getpid() else None


class FakeCuda:
    """torch.cuda of a machine with two GPUs, the model on the second."""

    def __init__(self) -> None:
        self.allocated_mb = {0: 1, 1: 700}

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 2

    def reset_peak_memory_stats(self, device: int) -> None:
        self.allocated_mb[device] = 300

    def max_memory_allocated(self, device: str = "cuda:0") -> int:
        return self.allocated_mb[int(device[-1])] * 2**20

    def max_memory_reserved(self, device: str = "cuda:0") -> int:
        return 2 * self.max_memory_allocated(device)


def test_a_gpus_memory_is_that_of_the_models_own_since_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=FakeCuda()))
    gpu = FakeGpu("fake", "0", "GPU-0", "cuda:1", None)
    found = peak_memory(gpu=gpu)
    assert (found.gpu_allocated_mb, found.gpu_reserved_mb, found.gpu_process_mb) == (700, 1400, 900)
    reset_peak_memory()
    assert peak_memory(gpu=gpu).gpu_allocated_mb == 300
