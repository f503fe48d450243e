import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmark import ExportFailed, WeightsUnreadable
from benchmark.models.child import run_child

HERE = "tests.benchmark.models.children"


def test_it_runs_in_a_process_and_a_folder_of_its_own(tmp_path: Path) -> None:
    seen = run_child(f"{HERE}:describe", {"name": "it's"}, {"FLAVOUR": "sweet"}, 60)
    assert seen["name"] == "it's"
    assert seen["pid"] != os.getpid()
    assert seen["group"] == os.getpgid(0)
    assert seen["FLAVOUR"] == "sweet"
    assert seen["HOME"] == seen["TMPDIR"] == seen["folder"]
    assert not Path(seen["folder"]).exists()


def test_an_error_of_ours_is_raised_here() -> None:
    with pytest.raises(WeightsUnreadable, match=r"^mine\.pt holds no weights\.$"):
        run_child(f"{HERE}:refuse", {}, {}, 60)


def test_another_error_gives_its_reason_and_its_log() -> None:
    with pytest.raises(ExportFailed) as caught:
        run_child(f"{HERE}:fail", {}, {}, 60)
    assert str(caught.value) == "The reason given: ValueError: the converter knows no layer Fold"
    [note] = caught.value.__notes__
    assert "on the way" in note
    assert "Traceback" in note


def test_a_full_disk_is_said() -> None:
    with pytest.raises(ExportFailed, match=r"^The disk is full\. Make room"):
        run_child(f"{HERE}:fill_the_disk", {}, {}, 60)


@pytest.mark.parametrize(("function", "signal"), [("abort", 6), ("be_killed", 9)])
def test_a_process_that_is_killed_is_said(function: str, signal: int) -> None:
    with pytest.raises(ExportFailed, match=f"^It was killed by signal {signal}, perhaps"):
        run_child(f"{HERE}:{function}", {}, {}, 60)


def test_it_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match=r"^It took longer than 3 s and was ended\."):
        run_child(f"{HERE}:sleep", {"journal": str(tmp_path / "pid")}, {}, 3)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends it with its parent")
def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    journal = tmp_path / "pid"
    code = f"import benchmark.models.child as c; c.run_child('{HERE}:sleep', {{'journal': '{journal}'}}, {{}}, 600)"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = psutil.Process(int(journal.read_text()))
    parent.kill()
    parent.wait()
    child.wait(20)
