"""``arena demo`` as a newcomer runs it, from the first line to Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[1]
METRICS = {
    "accuracy", "f1_score", "f1_basis", "speed_ms", "latency_ms", "throughput_fps", "memory_mb", "gpu_memory_mb",
    "carbon_emissions", "images_measured", "carbon_g_per_1k_images", "energy_j_per_image", "energy_source",
    "green_score", "p50_ms", "p90_ms", "p99_ms", "samples", "count_mae", "count_rmse", "count_bias", "ap50",
    "ap50_95", "load_s", "confidence_threshold",
}  # fmt: skip


#: What these tests are about takes no long measurement.
BRIEF = ("-o", "windows=1", "-o", "window_seconds=1", "-o", "min_seconds=1")


def _start(*arguments: str, tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agent", "demo", *arguments],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_tutorials_pairs_are_fought_or_say_why_not(tmp_path: Path) -> None:
    demo = _start("--pairs", "tutorial", "--once", *BRIEF, "--json", "out.json", tmp_path=tmp_path)
    shown, _ = demo.communicate(timeout=280)
    assert demo.returncode == 0, shown
    assert "by Realtime" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    pairs = json.loads((tmp_path / "out.json").read_text())
    fought = {(each["model_a"], each["model_b"]): each["result"] for each in pairs}
    yolo, estimate = fought.pop(("Trained_yolov8", "Trained_yolov5")), fought.pop(("Trained_yolov5", "efficientnet_b0"))
    _check_complete(yolo)
    _check_counts(estimate)
    reasons = {each["model_b"]: each["reason"] for each in pairs if (each["model_a"], each["model_b"]) in fought}
    assert reasons["roberta_base"].startswith("roberta_base is a language model and cannot detect cars. Choose one of:")
    assert reasons["wav2vec2"].startswith("wav2vec2 is a speech model")
    if not find_spec("detectron2"):
        assert "docs/models.md has the command" in reasons["detectron2"]
        assert set(fought.values()) == {None}


def _check_complete(row: dict[str, Any]) -> None:
    assert row["winner"] in {"Trained_yolov5", "Trained_yolov8", "tie"}
    assert len(row["image_results"]) == 2 * 72
    for side in ("model_a_metrics", "model_b_metrics"):
        assert set(row[side]) >= METRICS
        # Nothing here has a GPU's memory; all else was measured.
        assert {name for name in METRICS if row[side][name] is None} <= {"gpu_memory_mb", "p99_ms"}


def _check_counts(row: dict[str, Any]) -> None:
    """A detector counts the scenes' cars better than a classifier, beyond chance."""
    error = row["verdict"]["metrics"]["count_mae"]
    assert error["winner"] == "Trained_yolov5"
    assert error["ci_high"] < 0
    assert row["model_b_metrics"]["estimate"] is True
    assert (row["model_a_metrics"]["f1_basis"], row["model_b_metrics"]["f1_basis"]) == ("counts", "counts")
    assert row["model_b_metrics"]["ap50"] is None


@pytest.mark.long
@pytest.mark.timeout(300)
def test_it_stays_up_takes_another_battle_and_leaves_nothing_after_ctrl_c(tmp_path: Path) -> None:
    demo = _start(*BRIEF, tmp_path=tmp_path)
    assert demo.stdout is not None
    shown = ""
    while "arena submit" not in shown:
        line = demo.stdout.readline()
        assert line, shown
        shown += line
    command = re.search(r"arena (submit .*)", shown)
    assert command is not None
    second = subprocess.run(
        [sys.executable, "-m", "agent", *command[1].split(), *BRIEF],
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    _check_page(shown)
    assert second.returncode == 0, second.stderr
    assert "Winner" in second.stdout or "tie" in second.stdout
    family = _family(demo)
    assert len(family) >= 4  # Postgres, Node, the agent, its hosts
    os.killpg(demo.pid, signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def _check_page(shown: str) -> None:
    """The address is there before the battle, and leads to a page that can show the demo's own images."""
    address = re.search(r"Open (http://\S+)", shown)
    assert address is not None
    assert address.start() < shown.index("against")
    config = httpx.get(f"{address[1]}/config.json").json()
    (sample,) = config["samples"]
    manifest = httpx.get(address[1] + sample["manifest"]).json()
    picture = httpx.get(address[1] + config["imageBase"] + manifest[0]["image_path"])
    assert (len(manifest), picture.headers["content-type"]) == (24, "image/jpeg")
    assert '<div id="root">' in httpx.get(address[1]).text


@pytest.mark.timeout(120)
def test_ctrl_c_in_the_middle_of_the_battle_leaves_nothing(tmp_path: Path) -> None:
    demo = _start(tmp_path=tmp_path)
    assert demo.stdout is not None
    while "against" not in (line := demo.stdout.readline()):
        assert line
    time.sleep(5)  # into the loading of the models
    family = _family(demo)
    os.killpg(demo.pid, signal.SIGINT)
    shown, _ = demo.communicate(timeout=60)
    assert "Traceback" not in shown
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
