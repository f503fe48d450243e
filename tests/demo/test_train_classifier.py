"""The script that made the classifier's weights still runs, in small."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("timm")
ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_a_short_training_leaves_weights_and_record_and_nothing_else(tmp_path: Path) -> None:
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    output = tmp_path / "out"
    small = {"--scenes": 4, "--steps": 2, "--whole-steps": 1, "--batch": 2, "--held-out": 6, "--output": output}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARENA_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-m", "demo.train_classifier", *(str(each) for pair in small.items() for each in pair)],
        cwd=tmp_path / "here",
        env=kept | {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(path.name for path in output.iterdir()) == [
        "efficientnet_b0_cars.json",
        "efficientnet_b0_cars.safetensors",
    ]
    weights = (output / "efficientnet_b0_cars.safetensors").read_bytes()
    record = json.loads((output / "efficientnet_b0_cars.json").read_text("utf-8"))
    assert record["sha256"] == hashlib.sha256(weights).hexdigest()
    assert record["held_out"]["count_mae"] > 1  # four scenes teach nothing
    assert (record["held_out"]["scenes"], record["thresholds"]["scenes"]) == (6, 6)
    assert not list((tmp_path / "here").iterdir())
    assert not [each for each in (tmp_path / "home").rglob("*") if each.is_file()]
