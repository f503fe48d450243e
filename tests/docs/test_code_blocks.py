"""What the documents show beside commands: each block is run by a test, or read here as what it is."""

import json
import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from agent.job import JobImage
from agent.settings import DatabaseSettings, Settings
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, name_of

#: Blocks that are run as they stand, by document and language: the test that does it.
RUN_BY = {
    ("README.md", "js"): "tests/test_readme.py",
    ("docs/frontend.md", "js"): "tests/dashboard/test_docs_frontend.py",
    ("docs/models.md", "python"): "tests/benchmark/models/test_own_models.py",
    ("docs/queue.md", "js"): "tests/test_double_click.py",
    ("docs/queue.md", "sql"): "tests/test_docs_queue.py",
    ("docs/runpod.md", "sql"): "tests/test_docs_runpod.py",
    ("docs/runpod.md", "ts"): "tests/test_docs_runpod.py",
    ("docs/supabase.md", "sql"): "tests/docs/test_commands_run.py",
    ("local/README.md", "python"): "tests/docs/test_code_blocks.py",
}
#: Read or run by this folder's tests, or drawn for people.
HELD_HERE = {"sh", "json", "toml", "ini", "text", "mermaid", ""}
SHOWN = list(chain.from_iterable(blocks(document) for document in DOCUMENTS))


def those(*languages: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in SHOWN if block.language in languages]


def test_every_block_has_a_test() -> None:
    shown = {(name_of(block.document), block.language) for block in SHOWN if block.language not in HELD_HERE}
    assert shown == set(RUN_BY)


@pytest.mark.parametrize(("shown", "test"), RUN_BY.items())
def test_that_test_reads_the_document(shown: tuple[str, str], test: str) -> None:
    document, language = shown
    text = (ROOT / test).read_text("utf-8")
    assert Path(document).name in text or "DOCUMENTS" in text
    assert language in text


@pytest.mark.parametrize("block", those("json"))
def test_json_is_json_and_a_manifest_is_one(block: Block) -> None:
    shown = json.loads(block.text)
    if isinstance(shown, list):
        for image in map(JobImage.from_json, shown):
            assert image.boxes is None or len(image.boxes) == image.car_count
    elif "supabaseUrl" in shown:
        config = (ROOT / "dashboard" / "src" / "config.ts").read_text("utf-8")
        assert all(f"  {name}?:" in config for name in shown)


@pytest.mark.parametrize("block", those("toml"))
def test_toml_is_toml(block: Block) -> None:
    assert tomllib.loads(block.text)


@pytest.mark.parametrize("block", those("ini"))
def test_settings_are_those_that_there_are(block: Block) -> None:
    known = {str(field.alias) for each in (Settings, DatabaseSettings) for field in each.model_fields.values()}
    named = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", block.text, re.MULTILINE))
    assert named
    assert named <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_settings_that_are_named_exist(document: Path) -> None:
    known = {str(field.alias) for each in (Settings, DatabaseSettings) for field in each.model_fields.values()}
    named = set(re.findall(r"\bARENA_[A-Z_]+\b", document.read_text("utf-8")))
    assert named <= known


def test_the_local_stack_starts_as_its_page_says(tmp_path: Path) -> None:
    [block] = blocks(ROOT / "local" / "README.md", "python")
    (tmp_path / "photo.jpg").write_bytes(b"a photo")
    names: dict[str, Any] = {"folder": tmp_path}
    exec(block.text.replace("port=54321", "port=None"), names)
    assert "Trained_yolov8" in {model["id"] for model in names["models"]}
    assert names["photo"] == b"a photo"
