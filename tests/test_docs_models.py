"""What docs/models.md says of models, runtimes, states and refusals, held against the code."""

import re
import tomllib
from pathlib import Path

import psycopg
import pytest
import typer

import demo
from agent.commands import models
from agent.settings import Settings
from agent.show_models import _LABELS
from benchmark import load_catalogue
from benchmark.errors import (
    CannotDetectCars,
    FamilyMissing,
    LibraryMissing,
    RuntimeUnavailable,
    WeightsMismatch,
    WeightsMissing,
    WeightsNotFetched,
    WeightsUnreadable,
)
from benchmark.models.family import FAMILIES, Recipe
from benchmark.models.runtime import RUNTIMES
from benchmark.models.timm_parameters import IMAGENET_CARS, TimmParameters
from local import LocalStack

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "models.md").read_text("utf-8")
PLACEHOLDER = r'sha256 = "what .*\n'
THRESHOLDS = ("peak_threshold", "presence_threshold")
#: What `model_state` can find.
HINDRANCES = (
    CannotDetectCars,
    FamilyMissing,
    LibraryMissing,
    RuntimeUnavailable,
    WeightsMismatch,
    WeightsMissing,
    WeightsNotFetched,
    WeightsUnreadable,
)


def section(title: str) -> str:
    """From a heading to the next of its kind."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(text: str) -> list[list[str]]:
    """Cells of a table's lines, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_six_names_are_those_of_the_catalogue() -> None:
    for entry, cells in zip(load_catalogue(), rows(section("The six names")), strict=True):
        model_id, _, task, library, runtimes, weights, _ = cells
        assert (model_id, task) == (f"`{entry.id}`", entry.task)
        if entry.weights and entry.adapter:
            assert weights == f"`{entry.weights.file}`, {entry.weights.licence}"
            assert f"{entry.family}" in library
            assert (f"(`{entry.adapter.extra}`)" in library) == bool(entry.adapter.extra)
            assert runtimes == ("all six" if entry.runtimes == tuple(RUNTIMES) else ", ".join(entry.runtimes))


def test_the_runtimes_are_all_there_with_the_families_that_offer_them() -> None:
    table = {cells[0].strip("`"): cells for cells in rows(section("In which format do I ship it?"))}
    assert list(table) == list(RUNTIMES)
    for name, cells in table.items():
        offered = [family for family, each in FAMILIES.items() if name in each.runtimes]
        assert cells[3] == ("all families" if len(offered) == len(FAMILIES) else ", ".join(offered))
        assert ("GPU" in cells[2]) == RUNTIMES[name].needs_gpu
        if extra := RUNTIMES[name].extra:
            assert f"extra `{extra}`" in cells[2]


def test_the_states_are_those_that_a_model_can_have() -> None:
    labels = {_LABELS.get(each.code, each.code.replace("_", " ")) for each in HINDRANCES}
    assert {cells[0] for cells in rows(section("What can run here"))} == {"ready", *labels}


def test_the_settings_and_options_exist() -> None:
    table = rows(section("Where weights come from"))
    known = {str(field.alias): field.default for field in Settings.model_fields.values()}
    pull = typer.main.get_command(models.app).commands["pull"]  # type: ignore[attr-defined]
    for name, option, *_ in table:
        assert name.strip("`") in known
        if match := re.fullmatch(r"`(--[a-z-]+)`", option):
            assert match[1] in {each for parameter in pull.params for each in parameter.opts}
    assert f"{known['ARENA_EXPORT_TIMEOUT_SECONDS']:g}" in {cells[2] for cells in table}


def test_its_classes_of_cars_are_those_that_are_counted() -> None:
    listed = re.search(r"ten classes of cars: (.*?)\. Not 705", TEXT, re.DOTALL)
    assert listed is not None
    assert tuple(map(int, re.findall(r"\d+", listed[1]))) == IMAGENET_CARS


def test_what_calibration_prints_is_what_the_demo_counts_with() -> None:
    (block,) = [each for each in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL) if "calibrated_on" in each]
    shown = tomllib.loads(block)["models"]["efficientnet_b0"]["parameters"]
    used = load_catalogue(Path(demo.__file__).parent / "catalogue.toml")["efficientnet_b0"].parameters
    assert [shown[key] for key in THRESHOLDS] == [used[key] for key in THRESHOLDS]
    assert shown["calibrated_on"].partition(": ")[2] == used["calibrated_on"].partition(": ")[2]


@pytest.mark.parametrize("model_id", ["our_rcnn", "our_classifier"])
def test_an_entry_that_is_shown_can_be_read(model_id: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (block,) = [each for each in blocks if f"[models.{model_id}]" in each]
    (tmp_path / "catalogue.toml").write_text(re.sub(PLACEHOLDER, "", block), "utf-8")
    entry = load_catalogue(tmp_path / "catalogue.toml").detector(model_id)
    if entry.family == "timm":
        timm_network = pytest.importorskip("benchmark.models.timm_network", exc_type=ImportError)
        recipe = Recipe(model_id, tmp_path, entry.input_size, entry.classes, parameters=entry.parameters)
        parameters = TimmParameters.of(recipe)
        assert parameters.car_indices == (1, 2)
        assert timm_network.build_network(parameters).num_classes == 3


@pytest.mark.parametrize("model_b", ["roberta_base", "wav2vec2", "detectron2@onnx"])
def test_the_database_refuses_in_these_words(stack: LocalStack, model_b: str) -> None:
    job = """insert into jobs (model_a, model_b, images)
        values ('Trained_yolov8', %s, '[{"image_path": "a.jpg", "car_count": 1}]')"""
    with psycopg.connect(stack.database_url) as database, pytest.raises(psycopg.Error) as refused:
        database.execute(job, [model_b])
    said, refusals = refused.value.diag, section("What is refused")
    assert f"`{said.message_primary}`" in refusals
    assert f"`{said.message_detail}`" in refusals
    assert "@" in model_b or f"`{said.message_hint}`" in refusals
