"""Jobs, good and bad, that one agent process works off at the real stack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import LocalStack
from tests.agent.agent_process import LONG, MODELS, QUICK, SCENES, AgentProcess, make_workplace
from tests.agent.queue import Queue
from tests.agent.web import Web


@pytest.fixture(scope="module")
def agent(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentProcess]:
    """One agent for all jobs here: none of them may end it."""
    folder = tmp_path_factory.mktemp("agent")
    settings = {
        **make_workplace(folder),
        "SUPABASE_URL": stack.url,
        "SUPABASE_KEY": stack.secret_key,
        "ARENA_IMAGE_HOSTS": "127.0.0.1",
        "ARENA_IMAGE_MAX_MB": "0.1",
        "ARENA_COUNTRY": "DEU",
        "ARENA_POLL_SECONDS": "0.5",
    }
    with AgentProcess(folder, settings) as agent:
        agent.await_line("realtime_ready")
        agent.await_line("ready")
        yield agent
        assert agent.alive
        for secret in (stack.secret_key, stack.publishable_key, stack.jwt_secret, "hunter2"):
            assert secret not in agent.text
        assert agent.end()[0] == 0


def finished(row: dict[str, Any]) -> bool:
    return row["finished_at"] is not None


def test_a_job_becomes_a_result(agent: AgentProcess, queue: Queue) -> None:
    job = queue.insert(SCENES, models=MODELS, options=QUICK)
    row = queue.await_job(job, finished)
    assert (row["status"], row["attempt"], row["error"]) == ("succeeded", 1, None)
    (result,) = queue.run("select * from public.comparison_results where job_id = %s", [job])
    assert (result["model_a_id"], result["model_b_id"]) == MODELS
    assert result["winner"] in {*MODELS, "tie"}
    assert result["model_a_metrics"]["accuracy"] == 1.0
    assert result["model_b_metrics"]["accuracy"] == 0.75
    images = queue.run("select * from public.image_results where job_id = %s order by side, image_index", [job])
    assert [(i["side"], i["image_path"], i["truth_count"], i["predicted_count"]) for i in images] == [
        ("a", "scene.png", 2, 2),
        ("a", "empty.png", 0, 0),
        ("b", "scene.png", 2, 1),
        ("b", "empty.png", 0, 0),
    ]
    (row,) = queue.run("select * from public.agents where id = %s", [result["agent_id"]])
    assert (row["status"], row["job_id"], row["models"]) == ("idle", None, [*MODELS, "efficientnet_b0"])


def test_images_come_from_the_web_too(agent: AgentProcess, queue: Queue, web: Web) -> None:
    scene = Path(agent.folder, "images", "scene.png").read_bytes()
    web.answers = {"/scene.png": lambda request: request.send(200, scene)}
    image = {**SCENES[0], "image_path": web.url("/scene.png?token=hunter2")}
    job = queue.insert([image], options=QUICK)
    assert queue.await_job(job, finished)["status"] == "succeeded"


def image(path: str, **more: Any) -> list[dict[str, Any]]:
    return [SCENES[0], {"image_path": path, "car_count": 0, **more}]


BAD: dict[str, tuple[list[dict[str, Any]], tuple[str, str], str, list[str]]] = {
    "broken image": (image("broken.jpg"), MODELS, "bad_image", ["broken.jpg"]),
    "image that is not there": (image("none.jpg"), MODELS, "image_refused", ["none.jpg"]),
    "image outside the root": (image("out.jpg"), MODELS, "image_refused", ["out.jpg", "outside"]),
    "image behind a dead server": (
        image("http://127.0.0.1:9/x.jpg?token=hunter2"),
        MODELS,
        "image_unreachable",
        ["http://127.0.0.1:9/x.jpg?***", "ConnectError"],
    ),
    "image on a private host": (
        image("http://10.0.0.1/x.jpg"),
        MODELS,
        "image_refused",
        ["10.0.0.1", "public internet", "ARENA_IMAGE_HOSTS"],
    ),
    "image in a bucket": (image("storage://bucket/x.jpg"), MODELS, "image_refused", ["https://"]),
    "box outside its image": (
        image("empty.png", car_count=1, boxes=[[70, 50, 90, 58]]),
        MODELS,
        "box_outside_image",
        ["empty.png", "90"],
    ),
    "model that fails": (SCENES, ("Trained_yolov5", "efficientnet_b0"), "model_failed", ["efficientnet_b0"]),
}


@pytest.mark.parametrize("what", BAD)
def test_a_job_that_cannot_be_done_fails_with_the_reason(agent: AgentProcess, queue: Queue, what: str) -> None:
    images, models, code, words = BAD[what]
    job = queue.insert(images, models=models, options=QUICK, max_attempts=1)
    row = queue.await_job(job, finished)
    assert (row["status"], row["error"]["code"]) == ("failed", code), row["error"]
    assert [word for word in words if word not in row["error"]["message"]] == [], row["error"]
    assert "hunter2" not in str(row["error"])


def test_a_passing_trouble_is_tried_again_later(agent: AgentProcess, queue: Queue) -> None:
    job = queue.insert(image("http://127.0.0.1:9/x.jpg"), options=QUICK)
    row = queue.await_job(job, lambda row: row["error"] is not None)
    assert (row["status"], row["attempt"], row["error"]["code"]) == ("pending", 1, "image_unreachable")


def test_a_cancelled_job_is_left_and_the_next_one_taken(agent: AgentProcess, queue: Queue) -> None:
    long = queue.insert(SCENES, options=LONG)
    queue.await_job(long, lambda row: (row["progress"] or {}).get("phase") == "single_stream")
    queue.run("select public.cancel_job(%s)", [long])
    quick = queue.insert(SCENES, options=QUICK)
    assert queue.await_job(quick, finished)["status"] == "succeeded"
    assert queue.job(long)["status"] == "cancelled"
    assert [line["outcome"] for line in agent.lines("job_over") if line["job"] == long] == ["cancelled"]
