import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from benchmark.measure import other_load
from benchmark.measure.other_load import OtherLoad

SPIN = "print('on', flush=True)\nwhile True: pass"
#: A process that waits for one that spins.
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN!r}])"
#: One that ends when it has used half a second of a processor.
SPRINT = "import time\nwhile time.process_time() < 0.5: pass"
#: One that starts such a process when it is told to, and stays.
HOST = f"import subprocess, sys; input(); subprocess.run([sys.executable, '-c', {SPRINT!r}]); print('on'); input()"


@contextmanager
def running(code: str) -> Iterator[psutil.Process]:
    """The process that spins."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "on\n"
        tree = [psutil.Process(started.pid), *psutil.Process(started.pid).children()]
        try:
            yield tree[-1]
        finally:
            for process in tree:
                process.kill()


def used_by(process: psutil.Process) -> float:
    """CPU seconds since its start."""
    times = process.cpu_times()
    return float(times.user + times.system)


def work(process: psutil.Process, seconds: float) -> float:
    """CPU seconds that it uses meanwhile; on a busy machine that takes longer, until there is something to see."""
    before, deadline = used_by(process), time.monotonic() + 60
    used = 0.0
    while used < 0.4 * seconds and time.monotonic() < deadline:
        time.sleep(seconds)
        used = used_by(process) - before
    assert used >= 0.4 * seconds
    return used


@pytest.fixture
def ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """All processes together use 10 s from the first reading to the second, whatever else runs here."""
    totals = iter([100.0, 110.0])
    # Not psutil's own function, which a thread of codecarbon's may call as well.
    monkeypatch.setattr(other_load, "_busy_seconds", lambda: next(totals))


def test_a_busy_process_of_somebody_else_is_seen() -> None:
    """Of another Arena of this very process, too."""
    with running(SPIN) as process, OtherLoad() as load:
        start = time.perf_counter()
        used = work(process, 1.5) / (time.perf_counter() - start)
    assert load.cores is not None
    assert load.cores > 0.8 * used - 0.05


def test_a_process_that_is_said_to_be_ours_does_not_count() -> None:
    """Both over one window, so that what else runs here does not matter."""
    with running(SPIN) as process, OtherLoad() as with_it, OtherLoad([process.pid]) as without:
        start = time.perf_counter()
        used = work(process, 1.5) / (time.perf_counter() - start)
    assert with_it.cores is not None
    assert without.cores is not None
    assert with_it.cores - without.cores == pytest.approx(used, abs=0.1)


@pytest.mark.usefixtures("ten_seconds")
def test_what_our_hosts_start_does_not_count() -> None:
    """Reading takes a while on a busy machine, so what is read lies between what was within and what was around it."""
    with running(PARENT) as grandchild:
        around, own, before = time.perf_counter(), time.process_time(), used_by(grandchild)
        with OtherLoad([grandchild.ppid()]) as load:
            start = time.perf_counter()
            used_within = work(grandchild, 2.0)
            within = time.perf_counter() - start
        used_around = used_by(grandchild) - before + time.process_time() - own
        around = time.perf_counter() - around
    assert load.cores is not None
    assert 10.0 - load.cores * around < used_around + 0.1
    assert 10.0 - load.cores * within > used_within - 0.1


@pytest.mark.usefixtures("ten_seconds")
def test_nor_does_what_they_started_and_what_has_ended() -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen([sys.executable, "-uc", HOST], **pipes) as host:  # type: ignore[call-overload]
        with OtherLoad([host.pid]) as load:
            start = time.perf_counter()
            host.stdin.write("\n")
            assert host.stdout.readline() == "on\n"
            seconds = time.perf_counter() - start
        host.kill()
    assert load.cores is not None
    assert 0.4 < 10.0 - load.cores * seconds < 1.5  # its half second, and what starting Python takes


@pytest.mark.usefixtures("ten_seconds")
def test_what_a_host_of_another_arena_used_that_has_ended_is_not_ours() -> None:
    """Or its whole life would be taken off what others used."""
    with OtherLoad() as load:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", SPRINT], check=True)
        seconds = time.perf_counter() - start
    assert load.cores is not None
    assert 10.0 - load.cores * seconds < 0.4


@pytest.mark.usefixtures("ten_seconds")
def test_it_is_read_twice() -> None:
    """A third reading would find no total."""
    with OtherLoad() as load:
        time.sleep(0.5)
    assert load.cores == pytest.approx(20, rel=0.5)


def test_nobody_takes_less_than_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_load, "_busy_seconds", lambda: 3.0)
    with OtherLoad() as load:
        deadline = time.process_time() + 0.1
        while time.process_time() < deadline:
            pass
    assert load.cores == 0.0


def test_processes_that_are_gone_do_no_harm() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with OtherLoad([process.pid, 2**22 - 1]) as load:
        time.sleep(0.2)
    assert load.cores is not None
    assert load.cores >= 0.0
