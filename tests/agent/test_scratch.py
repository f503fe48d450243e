"""Temporary files, and what is left of them."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

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
    try:
        with scratch():
            assert not left.exists()
            assert list(kept.glob("arena-host-*"))
    finally:
        alive.communicate("")
        dead.communicate()
    assert not kept.exists()


def test_folders_of_others_are_left_alone(temporary: Path) -> None:
    other = temporary / "arena-scratch-notes"
    other.mkdir()
    with scratch():
        pass
    assert other.is_dir()
