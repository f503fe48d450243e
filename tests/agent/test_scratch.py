"""Temporary files, and what is left of them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.scratch import scratch

HOLD = """
import sys, tempfile, time
from agent.scratch import scratch
with scratch() as folder:
    tempfile.mkdtemp(prefix="arena-host-")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def start() -> tuple[subprocess.Popen[str], Path]:
    command = [sys.executable, "-c", HOLD]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_all_temporary_files_lie_in_it_and_go_with_it(temporary: Path) -> None:
    with scratch() as folder:
        assert folder.parent == temporary
        assert Path(tempfile.mkdtemp()).parent == folder
    assert tempfile.gettempdir() == str(temporary)
    assert list(temporary.iterdir()) == []


def test_what_a_killed_agent_left_goes_and_what_a_living_one_has_stays(temporary: Path) -> None:
    (dead, left), (alive, kept) = start(), start()
    dead.kill()
    dead.wait()
    assert left.is_dir()
    for folder in (left, kept):
        os.utime(folder, (0, 0))
    try:
        with scratch():
            assert not left.exists()
            assert list(kept.glob("arena-host-*"))
    finally:
        alive.communicate("")
        dead.communicate()
    assert not kept.exists()


def test_a_folder_that_was_only_just_made_is_left_alone(temporary: Path) -> None:
    other = temporary / "arena-scratch-young"
    other.mkdir()
    with scratch():
        assert other.is_dir()


def test_agents_that_start_together_do_not_stumble_over_what_they_sweep(temporary: Path) -> None:
    for number in range(200):
        dead = temporary / f"arena-scratch-{number}"
        (dead / "arena-host-1").mkdir(parents=True)
        os.utime(dead, (0, 0))
    agents = [start() for _ in range(4)]
    for agent, folder in agents:
        agent.communicate("")
        assert agent.returncode == 0
        assert folder.parent == temporary
    assert list(temporary.iterdir()) == []


def test_a_missing_temporary_folder_is_said(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "nowhere"))
    with pytest.raises(SettingsError, match="TMPDIR"), scratch():
        pass
