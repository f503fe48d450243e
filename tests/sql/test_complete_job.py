from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sql.database import IMAGE_RESULTS, RESULT, Database
from tests.sql.waiting import wait_until_blocked


def test_a_completed_job_has_its_result_its_image_results_and_its_end(database: Database) -> None:
    held = database.held_job()
    assert held.complete() == "completed"

    result = database.row("select * from public.comparison_results")
    assert {name: result[name] for name in RESULT} == RESULT
    assert (result["job_id"], result["agent_id"]) == (held.job_id, held.agent_id)
    assert (result["model_a_id"], result["model_b_id"]) == ("Trained_yolov5", "Trained_yolov8")

    first, second = database.rows("select * from public.image_results order by side")
    assert first == {
        "job_id": held.job_id, "side": "a", "image_index": 0, "model_id": "Trained_yolov5",
        "image_path": "https://images.test/1.jpg", "truth_count": 2, "predicted_count": 2, "latency_ms": 3.5,
        "detections": [{"score": 0.5}],
    }  # fmt: skip
    assert (second["side"], second["model_id"], second["detections"]) == ("b", "Trained_yolov8", [])

    job = database.job(held.job_id)
    assert (job["status"], job["error"], job["attempt"]) == ("succeeded", None, 1)
    assert job["finished_at"] >= job["started_at"]
    assert database.rows("select * from public.job_leases") == []
    assert [a["outcome"] for a in database.attempts(held.job_id)] == ["succeeded"]
    assert database.row("select status, job_id from public.agents") == {"status": "idle", "job_id": None}


def test_completing_again_answers_the_same_and_writes_nothing(database: Database) -> None:
    held = database.held_job()
    held.complete()
    query = "select j.ctid as job, r.ctid as result, r.winner from public.jobs j, public.comparison_results r"
    before = database.row(query)
    assert held.complete(RESULT | {"winner": "tie"}) == "completed"
    assert database.row(query) == before


@pytest.mark.parametrize("winner", ["Trained_yolov5", "Trained_yolov8", "tie"])
def test_who_took_part_may_win(database: Database, winner: str) -> None:
    database.held_job().complete(RESULT | {"winner": winner})
    assert database.value("select winner from public.comparison_results") == winner


def test_a_model_may_compete_with_itself(database: Database) -> None:
    held = database.held_job(model_b="Trained_yolov5")
    assert held.complete(RESULT | {"winner": "tie"}) == "completed"
    assert database.value("select count(*) from public.image_results where model_id = 'Trained_yolov5'") == 2


@pytest.mark.parametrize(
    ("result", "field"),
    [
        (RESULT | {"winner": "detectron2"}, "p_result.winner"),
        (RESULT | {"winner": None}, "p_result.winner"),
        (RESULT | {"verdict": None}, "p_result.verdict"),
        (RESULT | {"model_a_metrics": []}, "p_result.model_a_metrics"),
        ([], "p_result.model_a_metrics"),
    ],
)
def test_a_result_that_makes_no_sense_is_refused_and_the_lease_stays(
    database: Database, result: Any, field: str
) -> None:
    held = database.held_job()
    with database.refused() as refusal:
        held.complete(result)
    assert (refusal.sqlstate, refusal.detail) == ("22023", f"field={field}")
    assert refusal.hint
    assert held.renew() == "renewed"


@pytest.mark.parametrize(
    "broken",
    [{"side": "c"}, {"image_index": 2}, {"image_index": -1}, {"predicted_count": -1}, {"predicted_count": None},
     {"latency_ms": -1}, {"detections": {}}],
)  # fmt: skip
def test_the_result_is_written_whole_or_not_at_all(database: Database, broken: dict[str, Any]) -> None:
    held = database.held_job()
    with database.refused():
        held.complete(images=[IMAGE_RESULTS[0] | broken])
    assert database.rows("select * from public.comparison_results") == []
    assert database.job(held.job_id)["status"] == "running"
    assert held.complete() == "completed"


def test_a_cancelled_job_takes_no_result(database: Database) -> None:
    held = database.held_job()
    database.answer("cancel_job", role="service_role", p_job_id=held.job_id)
    assert held.complete() == "cancelled"
    assert database.rows("select * from public.comparison_results") == []


def test_a_success_after_a_failure_has_no_error_left(database: Database) -> None:
    held = database.held_job()
    database.expire(held.job_id)
    claim = database.claimed()
    assert database.job(held.job_id)["error"] is not None
    held.token = claim["lease_token"]
    assert held.complete() == "completed"
    assert database.job(held.job_id)["error"] is None


def test_completing_twice_at_once_writes_one_result(own_database: Database) -> None:
    held = own_database.held_job()
    other = Database(own_database.uri)
    with ThreadPoolExecutor(1) as thread:
        with own_database.connection.transaction():
            assert held.complete() == "completed"
            held.database = other
            again = thread.submit(held.complete)
            wait_until_blocked(own_database, other)
        assert again.result(timeout=30) == "completed"
    assert own_database.value("select count(*) from public.comparison_results") == 1
    other.close()


def test_a_result_that_meets_a_cancellation_waits_and_is_refused(own_database: Database) -> None:
    held = own_database.held_job()
    other = Database(own_database.uri)
    with ThreadPoolExecutor(1) as thread:
        with own_database.connection.transaction():
            assert own_database.answer("cancel_job", role="service_role", p_job_id=held.job_id) == "cancelled"
            held.database = other
            late = thread.submit(held.complete)
            wait_until_blocked(own_database, other)
        assert late.result(timeout=30) == "cancelled"
    assert own_database.value("select count(*) from public.comparison_results") == 0
    other.close()
