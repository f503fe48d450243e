"""The guard between a parent and a process that must not outlive it."""

import subprocess
import sys
from pathlib import Path

import psutil

from local.postgres import GUARD_FILE

PATIENCE_S = 30.0
#: Says its process id, then sleeps; with "deaf" it ignores all but the last signal.
CHILD = """
import os, signal, sys, time
if "deaf" in sys.argv:
    for each in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(each, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""


def _guard(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-I", "-S", str(GUARD_FILE), *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def test_the_command_ends_with_the_guards_stdin(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with _guard("--remove", str(folder), "--", sys.executable, "-c", CHILD) as guard:
        assert guard.stdin is not None
        assert guard.stdout is not None
        child = psutil.Process(int(guard.stdout.readline()))
        guard.stdin.close()
        guard.wait(PATIENCE_S)
        assert not child.is_running()
        assert not folder.exists()


def test_a_command_that_ends_by_itself_ends_the_guard() -> None:
    with _guard("--", sys.executable, "-c", "raise SystemExit(3)") as guard:
        assert guard.wait(PATIENCE_S) == 3


def test_signals_to_the_guard_do_not_end_it() -> None:
    with _guard("--", sys.executable, "-c", CHILD) as guard:
        assert guard.stdin is not None
        assert guard.stdout is not None
        child = psutil.Process(int(guard.stdout.readline()))
        guard.terminate()
        assert child.is_running()
        guard.stdin.close()
        guard.wait(PATIENCE_S)
        assert not child.is_running()


def test_a_command_that_hears_nothing_is_killed() -> None:
    with _guard("--patience", "0.1", "--", sys.executable, "-c", CHILD, "deaf") as guard:
        assert guard.stdin is not None
        assert guard.stdout is not None
        child = psutil.Process(int(guard.stdout.readline()))
        guard.stdin.close()
        guard.wait(PATIENCE_S)
        assert not child.is_running()
