"""The catalogue in the database and the one the agent loads models from name the same models."""

import tomllib
from importlib.resources import files

import pytest

from tests.sql.database import Database

CATALOGUE = tomllib.loads((files("benchmark") / "models" / "catalogue.toml").read_text("utf-8"))["models"]


def test_both_catalogues_hold_the_same_models(database: Database) -> None:
    rows = database.rows("select id, task, can_detect_cars from public.models")
    assert {(row["id"], row["task"], row["can_detect_cars"]) for row in rows} == {
        (model_id, model["task"], model.get("can_detect_cars", False)) for model_id, model in CATALOGUE.items()
    }


def test_weights_are_the_same_files(database: Database) -> None:
    rows = database.rows("select id, weights from public.models where can_detect_cars")
    assert {row["id"]: row["weights"] for row in rows} == {
        model_id: model["weights"]["file"] for model_id, model in CATALOGUE.items() if model.get("can_detect_cars")
    }


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("id = 'tie'", "models_id_is_a_name"),
        ("id = '../x'", "models_id_is_a_name"),
        ("can_detect_cars = false, task = 'chess'", "models_task_known"),
        ("task = 'fill-mask'", "models_car_detectors_see_images"),
        ("default_runtime = null", "models_car_detectors_have_a_runtime"),
        ("default_runtime = 'abacus'", "models_default_runtime_is_offered"),
    ],
)
def test_a_model_must_make_sense(database: Database, change: str, constraint: str) -> None:
    with database.refused() as refusal:
        database.rows(f"update public.models set {change} where id = 'detectron2'")
    assert refusal.sqlstate == "23514"
    assert constraint in refusal.message
