"""The table of models follows from the catalogue that the agent loads models from."""

from typing import Any

import pytest

from agent.model_rows import model_rows
from benchmark import Catalogue, load_catalogue
from sql.seed import ModelRow, built_in_seed, seed
from tests.sql.database import IMAGE_RESULTS, RESULT, Database

COLUMNS = ", ".join(ModelRow.__slots__)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def model(**columns: Any) -> ModelRow:
    plain: dict[str, Any] = {
        "id": "mine", "base_id": None, "name": "mine", "family": "fake", "task": "object-detection",
        "can_detect_cars": True, "description": "My own.", "weights": "mine.pt", "licence": None, "input_size": 640,
        "classes": {}, "runtime": "torch", "default_runtime": "torch", "runtimes": ("torch", "onnx"),
    }  # fmt: skip
    return ModelRow(**plain | columns)


def test_the_seed_is_the_catalogue(catalogue: Catalogue) -> None:
    assert built_in_seed() == seed(model_rows(catalogue)), (
        "Run: arena migrate --print-seed > sql/seed.sql && python -m sql.schema"
    )


def test_every_model_is_there_in_each_of_its_runtimes(database: Database, catalogue: Catalogue) -> None:
    rows = database.rows("select id, base_id, runtime, weights, task, can_detect_cars from public.models")
    assert sorted(tuple(row.values()) for row in rows) == sorted(
        (
            each.id,
            None if each.id == each.base_id else each.base_id,
            each.runtime,
            each.weights.file if each.weights else None,
            each.task,
            each.can_detect_cars,
        )
        for entry in catalogue
        for each in entry.variants or [entry]
    )


def test_the_seed_says_what_it_changed_and_changes_nothing_twice(database: Database) -> None:
    assert database.rows(built_in_seed()) == []
    database.rows("update public.models set name = 'other', licence = null where id = 'detectron2'")
    assert database.rows(built_in_seed()) == [{"id": "detectron2"}]
    assert database.rows(built_in_seed()) == []


def test_the_seed_deletes_no_model(database: Database) -> None:
    assert database.rows(seed([model()])) == [{"id": "mine"}]
    assert database.rows(built_in_seed()) == []
    assert database.value("select count(*) from public.models where id = 'mine'") == 1


def test_what_a_catalogue_says_arrives_as_it_is(database: Database) -> None:
    rows = [
        model(description="O'Neill's \\ %s; --\n$$ ü", classes={"auto's": "car"}, licence="MIT"),
        model(id="mine@onnx", base_id="mine", runtime="onnx"),
        model(id="listed", family=None, can_detect_cars=False, weights=None, input_size=None, runtime=None,
              default_runtime=None, runtimes=()),
    ]  # fmt: skip
    database.rows(seed(rows))
    for row in rows:
        stored = database.row(f"select {COLUMNS} from public.models where id = %s", row.id)
        assert ModelRow(**stored | {"runtimes": tuple(stored["runtimes"])}) == row


def test_a_runtime_that_has_left_the_catalogue_is_neither_taken_nor_offered(database: Database) -> None:
    """Its row stays, for results refer to it."""
    variants = [model(id=f"mine@{name}", base_id="mine", runtime=name) for name in ("onnx", "openvino")]
    database.rows(seed([model(runtimes=("torch", "onnx", "openvino")), *variants]))
    database.insert_job(model_a="mine@openvino", model_b="mine@onnx")
    now = {"runtimes": ("onnx", "torch"), "default_runtime": "onnx"}
    database.rows(seed([model(runtime="onnx", **now), model(id="mine@torch", base_id="mine", runtime="torch", **now)]))
    database.insert_job(model_a="mine", model_b="mine@torch")
    for gone, said in (
        ("openvino", "mine cannot be run as @openvino."),
        ("onnx", "mine is run by onnx without saying so."),
    ):
        with database.refused() as refusal:
            database.insert_job(model_a=f"mine@{gone}")
        assert (refusal.message, refusal.hint) == (said, "Choose one of: mine, mine@torch.")


def test_a_model_against_its_own_variant_can_win(database: Database) -> None:
    held = database.held_job(model_a="Trained_yolov8", model_b="Trained_yolov8@onnx")
    assert held.complete(RESULT | {"winner": "Trained_yolov8@onnx"}, IMAGE_RESULTS) == "completed"
    row = database.row("select model_a_id, model_b_id, winner from public.comparison_results")
    assert row == {"model_a_id": "Trained_yolov8", "model_b_id": "Trained_yolov8@onnx", "winner": "Trained_yolov8@onnx"}
    assert database.value("select model_id from public.image_results where side = 'b'") == "Trained_yolov8@onnx"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("id = 'tie'", "models_id_is_a_name"),
        ("id = '../x'", "models_id_is_a_name"),
        ("id = 'a@onnx@onnx'", "models_id_is_a_name"),
        ("id = 'detectron2@onnx'", "models_variants_are_named_after_their_runtime"),
        ("base_id = 'Trained_yolov8'", "models_variants_are_named_after_their_runtime"),
        ("id = 'Trained_yolov8@tflite', base_id = 'Trained_yolov8'", "models_variants_are_named_after_their_runtime"),
        (
            "id = 'Trained_yolov8@tflite', base_id = 'Trained_yolov8', runtime = null",
            "models_variants_are_named_after_their_runtime",
        ),
        ("base_id = 'nobody', id = 'nobody@torch'", "models_base_id_fkey"),
        ("task = 'Object Detection'", "models_task_is_a_name"),
        ("task = 'fill-mask'", "models_car_detectors_see_images"),
        ("default_runtime = null", "models_car_detectors_have_a_runtime"),
        ("default_runtime = 'abacus'", "models_default_runtime_is_offered"),
        ("input_size = 0", "models_input_size_is_positive"),
        ("classes = '[]'", "models_classes_is_an_object"),
    ],
)
def test_a_model_must_make_sense(database: Database, change: str, constraint: str) -> None:
    with database.refused() as refusal:
        database.rows(f"update public.models set {change} where id = 'detectron2'")
    assert refusal.sqlstate == ("23503" if constraint.endswith("fkey") else "23514")
    assert constraint in refusal.message


def test_a_model_of_any_task_can_be_published(database: Database) -> None:
    database.rows(seed([model(task="image-segmentation")]))
    database.insert_job(model_a="mine")
