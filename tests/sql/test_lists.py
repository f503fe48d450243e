"""The views that a page lists jobs and results by."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.database import RESULT, Database

ENVIRONMENT = {
    "hardware_fingerprint": "m1", "images": 24,
    "cpu": {"model": "AMD EPYC", "logical_cores": 2},
}  # fmt: skip
A, B = "Trained_yolov5", "Trained_yolov8"


def insert_result(database: Database, winner: str = A, model_b: str = B, **columns: Any) -> UUID:
    """A finished job with its result; gives the result's id."""
    job_id = database.insert_job(model_b=model_b)
    row = {
        "job_id": job_id, "model_a_id": A, "model_b_id": model_b, "winner": winner,
        "model_a_metrics": {"accuracy": 0.9, "speed_ms": 20.5, "weights_sha256": "aa"},
        "model_b_metrics": {"accuracy": 0.8, "speed_ms": 30},
        "verdict": {"sentence": "A wins.", "composite": {"a": 0.91, "b": 0.88}}, "environment": ENVIRONMENT,
    } | columns  # fmt: skip
    names, marks = ", ".join(row), ", ".join("%s" for _ in row)
    result_id = database.value(
        f"insert into public.comparison_results ({names}) values ({marks}) returning id", *row.values()
    )
    assert isinstance(result_id, UUID)
    return result_id


def test_jobs_are_listed_without_their_images(database: Database) -> None:
    ann = uuid4()
    own, ownerless = database.insert_job(role="authenticated", user=ann), database.insert_job()
    rows = {row["id"]: row for row in database.rows("select * from public.job_list", role="authenticated", user=ann)}
    assert rows[own]["is_mine"] is True
    assert rows[ownerless]["is_mine"] is False
    assert rows[own]["image_count"] == 2
    assert "images" not in rows[own]
    seen = database.rows("select id from public.job_list", role="authenticated", user=uuid4())
    assert [row["id"] for row in seen] == [ownerless]


def test_results_are_listed_with_their_figures(database: Database) -> None:
    result_id = insert_result(database)
    row = database.row("select * from public.result_list", role="anon")
    assert (row["id"], row["sentence"], row["machine"], row["hardware"]) == (
        result_id,
        "A wins.",
        "m1",
        "AMD EPYC, 2 cores",
    )
    assert (row["score_a"], row["score_b"], row["accuracy_a"], row["speed_ms_b"]) == (0.91, 0.88, 0.9, 30)
    assert (row["energy_j_per_image_a"], row["image_count"]) == (None, 24)


def test_a_row_that_holds_nonsense_costs_no_other(database: Database) -> None:
    nonsense = {"accuracy": "high", "speed_ms": [1], "energy_j_per_image": 1}
    insert_result(database, model_a_metrics=nonsense, verdict={"composite": 3}, environment={"images": "many"})
    insert_result(database)
    rows = database.rows("select * from public.result_list order by score_a nulls first", role="anon")
    assert [row["accuracy_a"] for row in rows] == [None, 0.9]
    assert rows[0]["energy_j_per_image_a"] == 1
    assert (rows[0]["image_count"], rows[0]["machine"], rows[0]["hardware"]) == (None, None, "unknown processor")
    assert len(database.rows("select * from public.model_history", role="anon")) == 4


@pytest.mark.parametrize("number", ["1e-400", "-1e-400", "1e400", "-1e400", "1e-10000", '"1"', "[1]", "null", "{}"])
def test_a_number_that_cannot_be_shown_is_none(database: Database, number: str) -> None:
    result = insert_result(database)
    changes = ("model_a_metrics", "model_b_metrics", "verdict")
    for column in changes:
        database.rows(
            f"update public.comparison_results set {column} ="
            " jsonb_build_object('accuracy', %s::jsonb, 'composite', jsonb_build_object('a', %s::jsonb))"
            " where id = %s",
            number, number, result,
        )  # fmt: skip
    shown = database.row("select score_a, accuracy_a, accuracy_b from public.result_list", role="anon")
    assert set(shown.values()) == {None}
    assert {row["accuracy"] for row in database.rows("select * from public.model_history", role="anon")} == {None}


@pytest.mark.parametrize("number", [0, -0.0, 1e-300, -1e-300, 1e300, -1e300, 0.1])
def test_any_other_number_is_shown_as_it_is(database: Database, number: float) -> None:
    insert_result(database, model_a_metrics={"accuracy": number})
    assert database.value("select accuracy_a from public.result_list", role="service_role") == number


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "AMD EPYC, 2 cores"),
        ({"container": {"cores": 1.5, "memory_mb": None}}, "AMD EPYC, 1.5 cores"),
        ({"container": {"cores": 4.0, "memory_mb": 512}, "gpus": []}, "AMD EPYC, 4 cores"),
        ({"gpus": ["NVIDIA L4"], "gpu": None}, "NVIDIA L4"),
        ({"gpus": ["NVIDIA L4", "NVIDIA L4"], "devices": ["cpu", "cuda:1"]}, "NVIDIA L4, 2 GPUs"),
        ({"gpus": [], "gpu": {"name": "NVIDIA L4"}}, "NVIDIA L4"),
        ({"gpus": {"0": 1, "1": 2}, "gpu": 7}, "1"),
        ({"gpus": 3, "cpu": [], "container": "x"}, "unknown processor"),
    ],
)
def test_the_hardware_is_the_gpu_or_else_the_processor(
    database: Database, environment: dict[str, Any], words: str
) -> None:
    insert_result(database, environment=ENVIRONMENT | environment)
    assert database.value("select hardware from public.result_list") == words


def test_a_history_has_a_line_for_each_model_and_one_for_a_battle_against_itself(database: Database) -> None:
    insert_result(database, winner=B)
    insert_result(database, winner="tie")
    insert_result(database, winner=A, model_b=A)
    rows = database.rows("select model_id, opponent_id, outcome from public.model_history", role="anon")
    assert sorted((row["model_id"], row["opponent_id"], row["outcome"]) for row in rows) == [
        (A, A, "tied"), (A, B, "lost"), (A, B, "tied"), (B, A, "tied"), (B, A, "won"),
    ]  # fmt: skip


def test_a_result_of_an_older_agent_has_no_machine(database: Database) -> None:
    held = database.held_job()
    assert held.complete(RESULT) == "completed"
    assert database.row("select machine, image_count from public.result_list") == {"machine": None, "image_count": None}
