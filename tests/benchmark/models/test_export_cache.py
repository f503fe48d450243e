import json
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark import ExportFailed
from benchmark.models import export_cache
from benchmark.models.export_cache import ExportCache

KEY = {"weights": "abc", "runtime": "onnx"}


class Maker:
    """Writes two files, and counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, folder: Path, limit_s: float) -> dict[str, Any]:
        self.times += 1
        (folder / "model").mkdir()
        (folder / "model" / "weights.bin").write_bytes(b"weights")
        (folder / "model.xml").write_text("graph")
        return {"parameters": 7}


@pytest.fixture
def make() -> Maker:
    return Maker()


def test_an_export_is_made_once_and_its_time_is_kept(tmp_path: Path, make: Maker) -> None:
    cache = ExportCache(tmp_path / "new" / "exports", 60)
    first, second = cache.get(KEY, make), cache.get(dict(reversed(KEY.items())), make)
    assert make.times == 1
    assert first.folder == second.folder
    assert (second.folder / "model" / "weights.bin").read_bytes() == b"weights"
    assert (first.facts, second.facts) == ({"parameters": 7}, {"parameters": 7})
    assert first.export_s == second.export_s
    assert first.exporting_s > 0
    assert second.exporting_s == 0


def test_another_key_is_another_export(tmp_path: Path, make: Maker) -> None:
    cache = ExportCache(tmp_path, 60)
    folders = {cache.get(key, make).folder for key in (KEY, KEY | {"weights": "abd"}, KEY | {"gpu": "H200"})}
    assert (make.times, len(folders)) == (3, 3)


def flip(path: Path) -> None:
    path.write_bytes(b"weighty")


def remove(path: Path) -> None:
    path.unlink()


def cut_record(path: Path) -> None:
    record = path.parents[1] / "export.json"
    record.write_text(record.read_text()[:40])


def no_record(path: Path) -> None:
    (path.parents[1] / "export.json").unlink()


def other_record(path: Path) -> None:
    (path.parents[1] / "export.json").write_text(json.dumps([1]))


@pytest.mark.parametrize("damage", [flip, remove, cut_record, no_record, other_record])
def test_what_was_damaged_is_made_anew(tmp_path: Path, make: Maker, damage: Callable[[Path], None]) -> None:
    cache = ExportCache(tmp_path, 60)
    damage(cache.get(KEY, make).folder / "model" / "weights.bin")
    again = cache.get(KEY, make)
    assert make.times == 2
    assert again.exporting_s > 0
    assert (again.folder / "model" / "weights.bin").read_bytes() == b"weights"
    assert cache.get(KEY, make).exporting_s == 0


def test_what_fails_leaves_nothing(tmp_path: Path, make: Maker) -> None:
    def half(folder: Path, limit_s: float) -> dict[str, Any]:
        make(folder, limit_s)
        raise ExportFailed("half way")

    cache = ExportCache(tmp_path, 60)
    with pytest.raises(ExportFailed, match="half way"):
        cache.get(KEY, half)
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
    assert cache.get(KEY, make).exporting_s > 0


KILLED = """
import os, sys
from pathlib import Path
from benchmark.models.export_cache import ExportCache
def half(folder, limit_s):
    (folder / "model.xml").write_text("gra")
    print("half way", flush=True)
    sys.stdin.read()
ExportCache(Path(sys.argv[1]), 60).get({"weights": "abc", "runtime": "onnx"}, half)
"""


def test_what_a_killed_process_left_is_not_taken_for_whole_and_goes(tmp_path: Path, make: Maker) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"half way\n"
    process.kill()
    process.communicate()
    [left] = [path for path in tmp_path.iterdir() if ".part-" in path.name]
    made = ExportCache(tmp_path, 60).get(KEY, make)
    assert make.times == 1
    assert (made.folder / "model.xml").read_text() == "graph"
    assert not left.exists()


def get_slowly(folder: Path, started: Any, go_on: Any, queue: Any) -> None:
    def make(part: Path, limit_s: float) -> dict[str, Any]:
        started.set()
        assert go_on.wait(60)
        return Maker()(part, limit_s)

    queue.put(ExportCache(folder, 60).get(KEY, make).exporting_s)


def test_a_second_process_waits_and_takes_what_the_first_made(tmp_path: Path, make: Maker) -> None:
    spawn = multiprocessing.get_context("spawn")
    started, go_on, queue = spawn.Event(), spawn.Event(), spawn.Queue()
    first = spawn.Process(target=get_slowly, args=(tmp_path, started, go_on, queue))
    first.start()
    assert started.wait(60)
    second: list[float] = []
    waiting = threading.Thread(target=lambda: second.append(ExportCache(tmp_path, 60).get(KEY, make).exporting_s))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    go_on.set()
    waiting.join(60)
    first.join(60)
    assert make.times == 0
    assert min(second[0], queue.get(timeout=10)) > 0.2


def test_patience_with_another_process_ends(tmp_path: Path, make: Maker) -> None:
    def impatient(folder: Path, limit_s: float) -> dict[str, Any]:
        with pytest.raises(ExportFailed, match=r"Another process has been at it for 0\.1 s"):
            ExportCache(tmp_path, 0.1).get(KEY, make)
        return make(folder, limit_s)

    assert ExportCache(tmp_path, 60).get(KEY, impatient).facts
    assert make.times == 1


def test_a_full_disk_is_said(tmp_path: Path, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_cache, "_saved", full)
    with pytest.raises(ExportFailed, match="The disk is full"):
        ExportCache(tmp_path, 60).get(KEY, make)
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportFailed, match=r"Its folder cannot be written \(Not a directory\)"):
        ExportCache(tmp_path / "file" / "exports", 60).get(KEY, make)
