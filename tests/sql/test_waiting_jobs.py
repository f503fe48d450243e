"""What a pending job says it waits for."""

from uuid import UUID, uuid4

import pytest

from tests.sql.database import PEOPLE, Database, Names, Row


def waits(database: Database, job_id: UUID) -> Row:
    return database.row(
        "select waiting_for, missing_models, message from public.waiting_jobs where job_id = %s", job_id, role="anon"
    )


def test_without_an_agent_it_waits_for_one(database: Database) -> None:
    assert waits(database, database.insert_job()) == {
        "waiting_for": "agent",
        "missing_models": ["Trained_yolov5", "Trained_yolov8"],
        "message": "No agent is running.",
    }


def test_an_agent_that_can_run_both_is_all_it_waits_for(database: Database) -> None:
    database.register(p_models=Names(["Trained_yolov5", "Trained_yolov8", "detectron2"]))
    assert waits(database, database.insert_job()) == {
        "waiting_for": "turn", "missing_models": [], "message": "Waits for its turn.",
    }  # fmt: skip


def test_a_model_that_no_agent_can_run_is_named(database: Database) -> None:
    database.register(p_models=Names(["Trained_yolov5"]))
    job_id = database.insert_job(model_a="Trained_yolov5", model_b="detectron2")
    assert waits(database, job_id) == {
        "waiting_for": "models",
        "missing_models": ["detectron2"],
        "message": "No running agent can run detectron2.",
    }


def test_a_model_against_itself_is_named_once(database: Database) -> None:
    database.register(p_models=Names(["Trained_yolov5"]))
    job_id = database.insert_job(model_a="detectron2", model_b="detectron2")
    assert waits(database, job_id)["message"] == "No running agent can run detectron2."


def test_a_runtime_that_no_agent_has_is_named_with_its_model(database: Database) -> None:
    database.register(p_models=Names(["Trained_yolov8", "Trained_yolov8@onnx"]))
    job_id = database.insert_job(model_a="Trained_yolov8@openvino", model_b="Trained_yolov8@onnx")
    assert waits(database, job_id) == {
        "waiting_for": "models",
        "missing_models": ["Trained_yolov8@openvino"],
        "message": "No running agent can run Trained_yolov8@openvino.",
    }


def test_two_agents_with_a_model_each_are_none_with_both(database: Database) -> None:
    for model in ("Trained_yolov5", "Trained_yolov8"):
        database.register(p_models=Names([model]))
    assert waits(database, database.insert_job()) == {
        "waiting_for": "models",
        "missing_models": [],
        "message": "No running agent can run both Trained_yolov5 and Trained_yolov8.",
    }


def test_one_whose_time_has_not_come_says_when(database: Database) -> None:
    waiting = waits(database, database.insert_job("service_role", run_at="2999-01-01T12:00:00Z"))
    assert waiting["waiting_for"] == "time"
    assert waiting["message"] == "Waits until 2999-01-01 12:00:00 UTC."


def test_agents_that_are_gone_do_not_count(database: Database) -> None:
    both = Names(["Trained_yolov5", "Trained_yolov8"])
    database.register(p_models=both, p_status="stopped")
    silent = database.register(p_models=both)
    database.rows(
        "update public.agent_heartbeats set seen_at = seen_at - interval '3 minutes' where agent_id = %s", silent
    )
    assert waits(database, database.insert_job())["waiting_for"] == "agent"


def test_what_says_turn_is_what_a_claim_takes(database: Database) -> None:
    agent_id = database.register(p_models=Names(["detectron2"]))
    ours = database.insert_job(model_a="detectron2", model_b="detectron2")
    other = database.insert_job()
    assert (waits(database, ours)["waiting_for"], waits(database, other)["waiting_for"]) == ("turn", "models")
    assert database.claimed(agent_id, p_models=Names(["detectron2"]))["job_id"] == ours
    assert database.claim(agent_id, p_models=Names(["detectron2"])) is None


SILENT = "update public.agent_heartbeats set seen_at = seen_at - interval '3 minutes'"


def test_a_running_job_whose_agent_has_gone_silent_says_so(database: Database) -> None:
    held = database.held_job()
    database.rows(SILENT)
    assert waits(database, held.job_id) == {
        "waiting_for": "agent",
        "missing_models": [],
        "message": "Its agent has gone silent, and no other is running that could take it over.",
    }
    database.register(p_models=Names(["Trained_yolov5", "Trained_yolov8"]))
    assert waits(database, held.job_id)["message"] == "Its agent has gone silent; another takes it over."


def test_a_running_job_that_its_agent_has_left_says_so(database: Database) -> None:
    held = database.held_job()
    database.call(
        "register_agent", p_agent_id=held.agent_id, p_name="agent", p_version="0.1.0", p_hardware={},
        p_models=Names(), p_status="stopped",
    )  # fmt: skip
    assert waits(database, held.job_id)["waiting_for"] == "agent"


def test_a_job_that_was_taken_over_does_not_wait_for_its_first_agent(database: Database) -> None:
    held = database.held_job()
    database.rows(SILENT)
    database.expire(held.job_id)
    assert database.claimed()["job_id"] == held.job_id
    assert database.rows("select * from public.waiting_jobs") == []


def test_a_job_that_is_claimed_or_over_waits_for_nothing(database: Database) -> None:
    held = database.held_job()
    assert database.rows("select * from public.waiting_jobs") == []
    assert held.complete() == "completed"
    assert database.rows("select * from public.waiting_jobs") == []


@pytest.mark.parametrize("role", PEOPLE)
def test_people_see_their_own_and_ownerless_jobs(database: Database, role: str) -> None:
    owner = uuid4()
    database.insert_job("authenticated", owner)
    ownerless = database.insert_job()
    seen = {row["job_id"] for row in database.rows("select job_id from public.waiting_jobs", role=role)}
    assert seen == {ownerless}
    assert len(database.rows("select * from public.waiting_jobs", role="authenticated", user=owner)) == 2
    assert len(database.rows("select * from public.waiting_jobs", role="service_role")) == 2
