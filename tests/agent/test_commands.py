"""The command line as a person uses it: each command in a process of its own."""

import copy
import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.__main__ import app
from agent.commands.group import COMMANDS
from agent.errors import AgentError
from local import LocalStack
from tests.agent.report.rows import Row, result_row

ROOT = Path(__file__).parents[2]
SCENES = ROOT / "demo" / "scenes"
QUICK = ["-o", "windows=1", "-o", "window_seconds=0.5", "-o", "batch_size=2", "--min-seconds", "0.2"]


def arena(*arguments: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``arena`` where no .env lies, with a terminal 100 columns wide."""
    return subprocess.run(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        cwd=cwd or SCENES,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "HOME": str(Path(tempfile.gettempdir()) / "nobody"), **env},
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
    assert shown.stdout.count("ready") == 3


def test_compare_shows_a_winner_and_writes_the_columns_of_the_result(tmp_path: Path) -> None:
    out, report = tmp_path / "result.json", tmp_path / "report.html"
    catalogue = ROOT / "demo" / "catalogue.toml"
    shown = arena(
        "compare", "Trained_yolov5", "Trained_yolov8", "--images", SCENES, "--catalogue", catalogue,
        "--country", "DEU", "--threads", "2", "--json", out, "--html", report, *QUICK,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    row = json.loads(out.read_text())
    assert {
        "id", "job_id", "agent_id", "created_at", "model_a_id", "model_b_id", "model_a_metrics", "model_b_metrics",
        "winner", "verdict", "environment", "image_results",
    } == set(row)  # fmt: skip
    assert len(row["image_results"]) == 2 * 24
    assert row["environment"]["threads"] == [2, 2]
    assert report.read_text("utf-8").count("data:image/jpeg;base64,") == 24
    assert row["verdict"]["sentence"] in " ".join(shown.stdout.replace("│", " ").split())


def words(text: str) -> str:
    """Without the frame around them and the lines they are broken into; long words break too."""
    return "".join(text.replace("│", " ").split())


def with_files(*files: str | Path) -> list[str]:
    return ["compare", "Trained_yolov5", "Trained_yolov8", "--images", str(SCENES), *map(str, files)]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["--json", "/proc/x.json"], "'--json':/proc/x.jsoncannotbewritten"),
        (["--html", "/proc/x.html"], "'--html':/proc/x.htmlcannotbewritten"),
        (["--html", "n" * 300], "cannotbewritten:Filenametoolong"),
        (["--json", "nowhere/x.json"], "doesnotexist"),
        (["--json", "x", "--html", "./x"], "Nametwofiles"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_battle(
    files: list[str], said: str, tmp_path: Path
) -> None:
    shown = arena(*with_files("--json", "good.json", *files), cwd=tmp_path)
    assert shown.returncode == 2
    assert said in words(shown.stderr)
    assert "Traceback" not in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_battle_that_fails_leaves_the_files_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("of yesterday")
    shown = arena(*with_files("--json", "old.json", "--html", "new.html", "-o", "confidence=2"), cwd=tmp_path)
    assert shown.returncode == 1
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("old.json", "of yesterday")]


@pytest.mark.parametrize("threads", ["0", "many"])
def test_threads_may_come_from_the_environment_and_are_checked(threads: str) -> None:
    shown = arena(*with_files(), ARENA_THREADS=threads)
    assert shown.returncode == 2
    assert "'--threads'" in shown.stderr


Battle = Callable[..., Any]


@pytest.fixture
def after_battle(monkeypatch: pytest.MonkeyPatch) -> Battle:
    """Stands for the minutes of a battle: what comes of it, and what happens meanwhile."""

    def stand_in(row: Row, meanwhile: Callable[[], None] = lambda: None) -> None:
        columns = {name: value for name, value in row.items() if name != "image_results"}

        class Result:
            def to_row(self) -> Row:
                return columns

            def image_rows(self) -> list[Row]:
                return row["image_results"]  # type: ignore[no-any-return]

        def compare(*_: object, **__: object) -> Result:
            meanwhile()
            return Result()

        monkeypatch.setattr("benchmark.Arena.compare", compare)

    return stand_in


def test_numbers_that_are_none_and_names_that_are_no_unicode_reach_both_files(
    tmp_path: Path, after_battle: Battle
) -> None:
    row = copy.deepcopy(result_row())
    row["model_a_metrics"]["ap50"] = math.nan
    row["verdict"]["metrics"]["speed_ms"]["ci_high"] = math.inf
    row["image_results"][0]["image_path"] = "caf\udce9.jpg"
    after_battle(row)
    out, report = tmp_path / "result.json", tmp_path / "report.html"
    CliRunner().invoke(app, with_files("--json", out, "--html", report), catch_exceptions=False)
    written = json.loads(out.read_bytes().decode("utf-8"))
    assert written["model_a_metrics"]["ap50"] is None
    assert written["verdict"]["metrics"]["speed_ms"]["ci_high"] is None
    assert written["image_results"][0]["image_path"] == "caf\udce9.jpg"
    assert "Image by image" in report.read_text("utf-8")


@pytest.mark.parametrize(("lost", "kept"), [("--json", "--html"), ("--html", "--json")])
def test_a_file_that_is_lost_takes_neither_the_table_nor_the_other_along(
    lost: str, kept: str, tmp_path: Path, after_battle: Battle
) -> None:
    (tmp_path / "gone").mkdir()
    after_battle(result_row(), lambda: shutil.rmtree(tmp_path / "gone"))
    command = with_files(lost, tmp_path / "gone" / "x", kept, tmp_path / "kept")
    shown = CliRunner().invoke(app, command, env={"COLUMNS": "100"})
    assert isinstance(shown.exception, AgentError)
    assert f"{tmp_path / 'gone' / 'x'} could not be written" in str(shown.exception)
    assert "thorough_b" in shown.stdout
    assert (tmp_path / "kept").stat().st_size > 1000


def test_a_table_that_cannot_be_shown_takes_no_file_along(
    tmp_path: Path, after_battle: Battle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    after_battle(result_row())
    monkeypatch.setattr("agent.show_result.result_view", closed)
    shown = CliRunner().invoke(app, with_files("--json", tmp_path / "x.json", "--html", tmp_path / "x.html"))
    assert shown.exit_code != 0
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("x.json", "x.html"))


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
    assert "broken.jpg: It is not an image" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_taken_port_is_said_and_nothing_stays_behind(stack: LocalStack) -> None:
    shown = arena("stack", "--port", stack.url.rpartition(":")[2])
    assert shown.returncode == 1
    assert "Port" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_submit_shows_the_databases_own_words(stack: LocalStack) -> None:
    access = ["--url", stack.url, "--key", stack.publishable_key]
    refused = arena("submit", "wav2vec2", "Trained_yolov8", "--images", SCENES, *access)
    assert refused.returncode == 1
    said = " ".join(refused.stderr.replace("│", " ").split())
    assert (
        "wav2vec2 is a speech model and cannot detect cars. "
        "Choose one of: Trained_yolov5, Trained_yolov8, detectron2, efficientnet_b0." in said
    )
    refused = arena("submit", "Trained_yolov8@tflite", "Trained_yolov8", "--images", SCENES, *access)
    said = " ".join(refused.stderr.replace("│", " ").split())
    assert "Trained_yolov8 cannot be run as @tflite. Choose one of: Trained_yolov8, Trained_yolov8@torch-fp16," in said


def test_a_command_is_imported_when_it_is_asked_for() -> None:
    """What one of them needs, such as a database's driver, costs no other any time."""
    code = "import sys\nfrom agent.__main__ import app\ntry: app(['models', '--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"benchmark", "psycopg", "supabase", "numpy"} & set(done.stdout.splitlines()[-1].split())
