"""Why a process ended, by its exit code and what the kernel counts."""

import signal
from pathlib import Path

import pytest

from benchmark import HostDied, OutOfMemory
from benchmark.measure import death
from benchmark.measure.death import cause_of_death, oom_kills, outgrown

KILLED = -signal.SIGKILL


@pytest.fixture
def counters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A container's counter and the machine's; neither is there yet."""
    files = (tmp_path / "memory.events", tmp_path / "vmstat")
    monkeypatch.setattr(death, "_COUNTERS", files)
    return files


@pytest.mark.parametrize("which", [0, 1])
def test_a_kill_after_which_either_counter_went_up_was_for_memory(counters: tuple[Path, Path], which: int) -> None:
    counters[which].write_text("oom 7\noom_kill 3\noom_group_kill 9\n")
    before = oom_kills()
    assert before == ((3, None), (None, 3))[which]
    assert type(cause_of_death("m", KILLED, before)) is HostDied
    counters[which].write_text("oom 7\noom_kill 4\noom_group_kill 9\n")
    error = cause_of_death("m", KILLED, before)
    assert type(error) is OutOfMemory
    assert "kernel ended the process that ran m" in str(error)
    assert type(cause_of_death("m", -signal.SIGSEGV, before)) is HostDied
    assert type(cause_of_death("m", 1, before)) is HostDied


def test_without_counters_a_kill_only_may_have_been_for_memory(counters: tuple[Path, Path]) -> None:
    counters[0].write_text("low 0\n")
    assert oom_kills() == (None, None)
    error = cause_of_death("m", KILLED, oom_kills())
    assert type(error) is HostDied
    assert "perhaps because the machine ran out of memory" in str(error)


def test_other_ends_are_told_without_a_guess() -> None:
    assert str(cause_of_death("m", 3, oom_kills())) == "The process that ran m ended with exit code 3."
    assert str(cause_of_death("m", -11, oom_kills())) == "The process that ran m was killed by SIGSEGV."


def test_a_limit_is_told_with_what_to_do() -> None:
    assert "m took 1234 MiB of memory, where 1000 MiB are allowed" in str(outgrown("m", 1234.4, 1000.0))
    assert "max_hosts" in str(outgrown("m", 2.0, 1.0))
