"""Memory of the machine and of a process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmark.measure import machine_memory
from benchmark.measure.machine_memory import machine_memory_mb, resident_mb


def test_resident_memory_is_the_systems_figure() -> None:
    before = resident_mb(os.getpid())
    assert before == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.05)
    held = np.ones(200 * 2**20, np.uint8)
    assert resident_mb(os.getpid()) - before > 0.9 * held.size / 2**20


def test_a_process_that_is_gone_takes_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert resident_mb(process.pid) == 0.0


@pytest.mark.parametrize(
    ("second", "first", "expected"),
    [
        ("104857600", None, 100),
        (None, "209715200", 200),
        ("max", "209715200", 200),
        ("max", "9223372036854771712", None),
    ],
)
def test_a_containers_limit_counts_where_it_is_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str | None, first: str | None, expected: int | None
) -> None:
    files = (tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes")
    for file, content in zip(files, (second, first), strict=True):
        if content:
            file.write_text(content + "\n")
    monkeypatch.setattr(machine_memory, "_CONTAINER_LIMITS", files)
    assert machine_memory_mb() == (expected or psutil.virtual_memory().total / 2**20)
