"""``arena models``, ``arena models pull``, and what ``arena compare`` downloads."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_commands import QUICK, ROOT, SCENES, arena, words
from tests.agent.test_weights import FAMILIES
from tests.agent.web import Web
from tests.agent.weights_web import FileServer
from tests.benchmark.fake_catalogue import ENTRY


@pytest.fixture
def servers(web: Web) -> dict[str, FileServer]:
    """Of two models' weights."""
    served = {}
    for model_id in ("mine", "twin"):
        served[model_id] = FileServer(web, json.dumps({"id": model_id}).encode())
        web.answers[f"/{model_id}"] = served[model_id].answer
    return served


@pytest.fixture
def catalogue(tmp_path: Path, web: Web, servers: dict[str, FileServer]) -> Path:
    """Of `mine` and `twin`, which can be downloaded; `own`, which is here; `lost`, which is nowhere; and `words`."""
    text = FAMILIES
    for model_id, server in servers.items():
        text += ENTRY.format(id=model_id, family="here", file=f"{model_id}.json")
        text += f'sha256 = "{server.sha256}"\nurl = "{web.url(f"/{model_id}?token=hunter2")}"\n'
    (tmp_path / "own.json").write_text("{}")
    for model_id, content in (("own", b"{}"), ("lost", b"")):
        text += ENTRY.format(id=model_id, family="here", file=f"{model_id}.json")
        text += f'sha256 = "{hashlib.sha256(content).hexdigest()}"\n'
    text += '[models.words]\nname = "words"\ntask = "fill-mask"\ndescription = "Fills gaps."\n'
    (tmp_path / "catalogue.toml").write_text(text)
    return tmp_path / "catalogue.toml"


@pytest.fixture
def place(catalogue: Path, tmp_path: Path) -> dict[str, Any]:
    # The fake family lives among the tests.
    return {"ARENA_CATALOGUE": str(catalogue), "ARENA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}


def states(shown: str) -> dict[str, str]:
    return {line.split()[0]: " ".join(line.split()[2:5]) for line in shown.splitlines() if line[:1].isalpha()}


def test_all_models_are_listed_with_their_states(place: dict[str, Any], web: Web) -> None:
    shown = arena("models", **place, COLUMNS="120")
    assert shown.returncode == 0
    found = states(shown.stdout)
    assert found["own"].split()[0] == "ready"
    assert found["mine"] == found["twin"] == "weights to be"
    assert found["lost"].startswith("weights missing")
    assert found["words"].startswith("cannot detect cars")
    assert "arena models pull mine twin" in shown.stdout
    assert sum(web.asked.values()) == 0


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_fits_the_terminal(columns: int) -> None:
    shown = arena("models", "--device", "cpu", COLUMNS=str(columns))
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    table = lines[: next(i for i, line in enumerate(lines) if line.startswith("•"))]
    assert all(any(word in line for line in table) for word in ("openvino", "onnx"))
    assert any("torch-compile" in line for line in lines)  # where there is no compiler, below the table
    assert shown.stdout.count("needs an NVIDIA GPU") <= 2  # once a runtime, not once a model


def test_pull_fetches_says_where_and_then_that_it_is_there(
    place: dict[str, Any], tmp_path: Path, servers: dict[str, FileServer]
) -> None:
    file = tmp_path / "cache" / "weights" / "mine.json"
    first = arena("models", "pull", "mine", **place)
    assert first.stdout == f"downloading mine.json for mine …\n✓ mine: downloaded to {file}\n"
    assert file.read_bytes() == servers["mine"].content
    again = arena("models", "pull", "mine", "own", **place)
    assert again.stdout == f"✓ mine: already at {file}\n✓ own: already at {tmp_path}/own.json\n"
    assert (first.returncode, again.returncode, len(servers["mine"].ranges)) == (0, 0, 1)


def test_pull_all_fetches_what_can_be_fetched_and_names_the_rest(place: dict[str, Any], tmp_path: Path) -> None:
    shown = arena("models", "pull", "--all", **place)
    assert shown.returncode == 0
    assert {each.name for each in (tmp_path / "cache" / "weights").glob("*.json")} == {"mine.json", "twin.json"}
    assert "– The weights of lost are not here: put lost.json into the weights folder." in shown.stdout
    assert "words" not in shown.stdout


def test_pull_all_goes_on_where_one_fails(place: dict[str, Any], tmp_path: Path, web: Web) -> None:
    del web.answers["/mine"]
    shown = arena("models", "pull", "--all", **place)
    assert shown.returncode == 1
    assert "✗ http://127.0.0.1" in shown.stdout
    assert [each.name for each in (tmp_path / "cache" / "weights").glob("*.json")] == ["twin.json"]


def test_what_env_file_says_holds_for_pull_as_for_an_agent(place: dict[str, Any], tmp_path: Path) -> None:
    names = {name: place.pop(name) for name in ("ARENA_CATALOGUE", "ARENA_CACHE_DIR")}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in names.items()) + "PATH=/nowhere\n")
    shown = arena("models", "pull", "mine", cwd=tmp_path, **place)
    assert shown.stdout.endswith(f"✓ mine: downloaded to {tmp_path}/cache/weights/mine.json\n")


def test_an_empty_variable_is_none_for_pull_as_for_an_agent(place: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"ARENA_CACHE_DIR={place['ARENA_CACHE_DIR']}\n")
    shown = arena("models", "pull", "mine", cwd=tmp_path, **place | {"ARENA_CACHE_DIR": ""})
    assert shown.stdout.endswith(f"✓ mine: downloaded to {tmp_path}/cache/weights/mine.json\n")


def test_an_env_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("ARENA_CATALOGUE=x.toml\n".encode("utf-16"))  # as some editors save it
    shown = arena("models", cwd=tmp_path)
    assert shown.returncode == 1
    assert ".envcannotberead:itisnotUTF-8." in words(shown.stderr)
    assert "Traceback" not in shown.stderr


def test_a_home_of_nobody_is_said() -> None:
    shown = arena("models", ARENA_CACHE_DIR="~nobody-of-that-name/cache")
    assert shown.returncode == 2
    assert "~nobody-of-that-nameisnobody'shomehere" in words(shown.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing"], 1, "Thereisnomodel'nothing'.Models:mine,twin,own,lost,words."),
        (["mine", "nothing"], 1, "Thereisnomodel'nothing'"),
        (["lost"], 1, "putlost.jsonintotheweightsfolder"),
        (["words"], 1, "wordsisalanguagemodelandcannotdetectcars."),
        (["mine@onnx"], 1, "minecannotberunas@onnx"),
        ([], 2, "namethemodels,orgive--all"),
        (["mine", "--all"], 2, "namethemodels,orgive--all"),
    ],
)
def test_a_mistake_is_said_before_anything_is_fetched(
    arguments: list[str], code: int, said: str, place: dict[str, Any], web: Web
) -> None:
    shown = arena("models", "pull", *arguments, **place)
    assert shown.returncode == code
    assert said in words(shown.stderr)
    assert sum(web.asked.values()) == 0


def test_an_option_at_the_wrong_place_is_not_passed_over(catalogue: Path) -> None:
    shown = arena("models", "--catalogue", catalogue, "pull", "mine")
    assert shown.returncode == 2
    assert "'--catalogue':writeitbehindpull" in words(shown.stderr)


def test_a_server_that_lacks_the_file_is_said_without_its_query(place: dict[str, Any], web: Web) -> None:
    del web.answers["/mine"]
    shown = arena("models", "pull", "mine", **place)
    assert shown.returncode == 1
    assert "theserveranswered404" in words(shown.stderr)
    assert "hunter2" not in shown.stderr + shown.stdout


def test_compare_downloads_what_is_missing(place: dict[str, Any], servers: dict[str, FileServer]) -> None:
    battle: list[str | Path] = ["compare", "mine", "twin", "--images", SCENES, *QUICK]
    refused = arena(*battle, "--no-download", **place)
    assert refused.returncode == 1
    assert "Run:arenamodelspullmine" in words(refused.stderr)
    assert servers["mine"].ranges == []
    fought = arena(*battle, **place)
    assert fought.returncode == 0, fought.stderr
    assert [len(server.ranges) for server in servers.values()] == [1, 1]


def test_a_terminal_shows_a_bar(place: dict[str, Any], tmp_path: Path) -> None:
    """Under `script`, which gives the command a terminal."""
    command = f"{sys.executable} -m agent models pull mine"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TERM": "xterm-256color", "COLUMNS": "100", **place}
    shown = subprocess.run(
        ["script", "--quiet", "--command", command, "/dev/null"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "downloading mine.json" in shown.stdout
    assert "━" in shown.stdout
    assert "for mine …" not in shown.stdout
    assert "✓" in shown.stdout
