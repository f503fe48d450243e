"""The script that made the weights still runs, in small."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def train_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    for name in ("home", "here"):
        (folder / name).mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YOLO_", "XDG_"))}
    return subprocess.run(
        [sys.executable, "-m", "demo.train", *arguments],
        cwd=folder / "here",
        env=kept | {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_short_training_leaves_weights_and_record_and_nothing_else(tmp_path: Path) -> None:
    output = tmp_path / "out"
    small = ("--scenes", "8", "--epochs", "9", "--stop-after", "1", "--held-out", "4", "--output", str(output))
    done = train_in(tmp_path, "yolov5n", *small)
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(path.name for path in output.iterdir()) == ["yolov5n_cars.json", "yolov5n_cars.pt"]
    record = json.loads((output / "yolov5n_cars.json").read_text("utf-8"))
    assert record["sha256"] == hashlib.sha256((output / "yolov5n_cars.pt").read_bytes()).hexdigest()
    assert 0 <= record["held_out"]["ap50"] < 0.5  # eight scenes seen once teach nothing
    assert not list((tmp_path / "here").iterdir())
    assert not list((tmp_path / "home").iterdir())


def test_an_unknown_architecture_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    refused = train_in(tmp_path, "yolov99n", "--output", str(tmp_path / "out"))
    assert refused.returncode == 2
    assert "yolov5n" in refused.stderr
    assert not (tmp_path / "out").exists()
