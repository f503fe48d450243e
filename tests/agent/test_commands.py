"""The command line as a person uses it: each command in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local import LocalStack

ROOT = Path(__file__).parents[2]
SCENES = ROOT / "demo" / "scenes"
QUICK = ["-o", "windows=1", "-o", "window_seconds=0.5", "-o", "batch_size=2", "--min-seconds", "0.2"]
COMMANDS = ["demo", "compare", "models", "submit", "jobs", "agent", "migrate", "stack"]


def arena(*arguments: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``arena`` where no .env lies, with a terminal 100 columns wide."""
    return subprocess.run(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        cwd=cwd or SCENES,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "HOME": str(SCENES.parent / "nobody"), **env},
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    """More than the options: at least a sentence on what it does."""
    shown = arena(command, "--help")
    assert shown.returncode == 0
    assert f"arena {command}" in shown.stdout or f"agent {command}" in shown.stdout


def test_the_bare_command_lists_every_command() -> None:
    shown = arena()
    assert all(command in shown.stdout for command in COMMANDS)


def test_models_are_listed_with_what_keeps_them_from_running() -> None:
    shown = arena("models")
    assert shown.returncode == 0
    assert "weights missing" in shown.stdout
    assert "roberta_base is a language model" in shown.stdout


def test_a_terminal_that_knows_ascii_alone_ends_no_command() -> None:
    shown = arena("compare", "a", "b", "--images", "nowhere", PYTHONIOENCODING="ascii")
    assert shown.returncode == 1
    assert "[x1, y1, x2, y2], ?]" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_the_demos_models_are_ready() -> None:
    shown = arena("models", "--catalogue", ROOT / "demo" / "catalogue.toml")
    assert shown.stdout.count("ready") == 2


def test_compare_shows_a_winner_and_writes_the_columns_of_the_result(tmp_path: Path) -> None:
    out, report = tmp_path / "result.json", tmp_path / "report.html"
    catalogue = ROOT / "demo" / "catalogue.toml"
    shown = arena(
        "compare", "Trained_yolov5", "Trained_yolov8", "--images", SCENES, "--catalogue", catalogue,
        "--country", "DEU", "--json", out, "--html", report, *QUICK,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    row = json.loads(out.read_text())
    assert {
        "id", "job_id", "agent_id", "created_at", "model_a_id", "model_b_id", "model_a_metrics", "model_b_metrics",
        "winner", "verdict", "environment", "image_results",
    } == set(row)  # fmt: skip
    assert len(row["image_results"]) == 2 * 24
    assert report.read_text("utf-8").count("data:image/jpeg;base64,") == 24
    assert row["verdict"]["sentence"] in " ".join(shown.stdout.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "nothing", "Trained_yolov8", "--images", SCENES], "nothing"),
        (["compare", "roberta_base", "Trained_yolov8", "--images", SCENES], "language model"),
        (["compare", "Trained_yolov5", "Trained_yolov8", "--images", "nowhere"], "does not exist"),
        (["compare", "Trained_yolov5", "Trained_yolov8", "--images", SCENES, "-o", "confidence=2"], "confidence"),
        (["compare", "Trained_yolov5", "Trained_yolov8", "--images", SCENES, "-o", "confidence=x"], "JSON"),
        (["compare", "Trained_yolov5", "Trained_yolov8", "--images", SCENES, "--country", "XXX"], "XXX"),
        (["models", "--catalogue", "nowhere.toml"], "nowhere.toml"),
        (["submit", "Trained_yolov5", "Trained_yolov8", "--images", SCENES], "SUPABASE_URL"),
        (["agent"], "SUPABASE_KEY"),
        (["jobs", "list", "--url", "http://127.0.0.1:9"], "SUPABASE_PUBLISHABLE_KEY"),
        (["migrate", "--database-url", "postgresql://nobody:hunter2@127.0.0.1:1/x"], "onnect"),
    ],
)
def test_a_mistake_gets_a_sentence_and_no_traceback(arguments: list[str | Path], said: str) -> None:
    shown = arena(*arguments)
    assert shown.returncode == 1
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "hunter2" not in shown.stderr


def test_a_broken_image_is_named_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_text("no image")
    (tmp_path / "manifest.json").write_text('[{"image_path": "broken.jpg", "car_count": 1}]')
    catalogue = ROOT / "demo" / "catalogue.toml"
    shown = arena("compare", "Trained_yolov5", "Trained_yolov8", "--images", tmp_path, "--catalogue", catalogue)
    assert shown.returncode == 1
    assert "broken.jpg is not an image" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_taken_port_is_said_and_nothing_stays_behind(stack: LocalStack) -> None:
    shown = arena("stack", "--port", stack.url.rpartition(":")[2])
    assert shown.returncode == 1
    assert "Port" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_migrate_says_what_it_did_and_then_that_there_is_nothing_to_do() -> None:
    with LocalStack() as fresh:
        first = arena("migrate", "--database-url", fresh.database_url)
        second = arena("migrate", "--database-url", fresh.database_url)
    assert "applied" in first.stdout
    assert "up to date" in second.stdout


def test_submit_shows_the_databases_own_words(stack: LocalStack) -> None:
    access = ["--url", stack.url, "--key", stack.publishable_key]
    refused = arena("submit", "wav2vec2", "Trained_yolov8", "--images", SCENES, *access)
    assert refused.returncode == 1
    said = " ".join(refused.stderr.replace("│", " ").split())
    assert "wav2vec2 is a speech model and cannot detect cars. Choose one of: Trained_yolov5" in said
