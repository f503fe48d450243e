import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.measure.waiting import Waiting


@contextmanager
def program(code: str) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        time.sleep(0.3)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def watched(pid: int) -> Waiting:
    waiting = Waiting(pid)
    for _ in range(3):
        with waiting.watched():
            time.sleep(0.3)
    return waiting


def test_a_process_that_sleeps_waits_well() -> None:
    with program("import time; time.sleep(60)") as pid:
        assert watched(pid).cores < 0.02


def test_a_process_that_spins_does_not() -> None:
    with program("while True: pass") as pid:
        assert watched(pid).cores > 0.05  # however busy the machine is


def test_what_it_does_in_its_own_turn_does_not_count() -> None:
    with program("import time; time.sleep(0.6)\nwhile True: pass") as pid:
        waiting = Waiting(pid)
        with waiting.watched():
            time.sleep(0.1)
        time.sleep(0.8)
        assert waiting.cores < 0.05


def test_nothing_waited_is_nothing_used_and_a_dead_process_uses_nothing() -> None:
    with program("import time; time.sleep(60)") as pid:
        waiting = Waiting(pid)
        assert waiting.cores == 0.0
    with waiting.watched():
        pass
    assert waiting.cores == 0.0
