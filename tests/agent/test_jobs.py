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


BAD_IMAGES: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"image_path": "broken.jpg"}, "bad_image", []),
    ({"image_path": "none.jpg"}, "image_refused", ["local images"]),
    ({"image_path": "out.jpg"}, "image_refused", ["outside"]),
    ({"image_path": "http://127.0.0.1:9/x.jpg?token=hunter2"}, "image_unreachable", ["ConnectError"]),
    ({"image_path": "http://10.0.0.1/x.jpg"}, "image_refused", ["http:// address", "ARENA_IMAGE_HTTP"]),
    ({"image_path": "https://10.0.0.1/x.jpg"}, "image_refused", ["public internet", "ARENA_IMAGE_HOSTS"]),
    ({"image_path": "storage://bucket/x.jpg"}, "image_refused", ["ARENA_STORAGE_BUCKETS"]),
    (
        {"image_path": "empty.png", "car_count": 1, "boxes": [[70, 50, 90, 58]]},
        "box_outside_image",
        ["80×60", "90"],
    ),
]


def test_bad_images_cost_themselves_and_the_result_says_why(agent: AgentProcess, queue: Queue) -> None:
    bad = [{"car_count": 0, **image} for image, _, _ in BAD_IMAGES]
    job = queue.insert([*bad, *SCENES * 4], options=QUICK)
    assert queue.await_job(job, finished)["status"] == "succeeded"
    (result,) = queue.run("select environment, verdict from public.comparison_results where job_id = %s", [job])
    left_out = result["environment"]["images_left_out"]
    assert [each["image_index"] for each in left_out] == list(range(len(bad)))
    for each, (image, code, words) in zip(left_out, BAD_IMAGES, strict=True):
        assert each["code"] == code, each
        assert [word for word in words if word not in each["reason"]] == [], each
        assert image["image_path"] not in str(result)
        assert "hunter2" not in str(result)
    rows = queue.run("select image_index from public.image_results where job_id = %s and side = 'a'", [job])
    assert {row["image_index"] for row in rows} == set(range(len(bad), len(bad) + 8))


def test_a_job_with_too_few_good_images_fails_and_names_the_bad_ones(agent: AgentProcess, queue: Queue) -> None:
    job = queue.insert([*image("broken.jpg"), *image("none.jpg")[1:]], options=QUICK, max_attempts=3)
    row = queue.await_job(job, finished)
    assert (row["status"], row["attempt"], row["error"]["code"]) == ("failed", 1, "too_few_images")
    message = row["error"]["message"]
    assert message.startswith("2 of 3 images cannot be used. ")
    assert "broken.jpg: " in message
    assert "none.jpg: " in message


def test_a_job_whose_model_fails_says_so(agent: AgentProcess, queue: Queue) -> None:
    job = queue.insert(SCENES, models=("Trained_yolov5", "efficientnet_b0"), options=QUICK, max_attempts=1)
    row = queue.await_job(job, finished)
    assert (row["status"], row["error"]["code"]) == ("failed", "model_failed"), row["error"]
    assert "efficientnet_b0" in row["error"]["message"]


def test_a_passing_trouble_is_tried_again_later(agent: AgentProcess, queue: Queue) -> None:
    job = queue.insert(image("http://127.0.0.1:9/x.jpg")[1:], options=QUICK)
    row = queue.await_job(job, lambda row: row["error"] is not None)
    assert (row["status"], row["attempt"], row["error"]["code"]) == ("pending", 1, "too_few_images_now")


def test_a_cancelled_job_is_left_and_the_next_one_taken(agent: AgentProcess, queue: Queue) -> None:
    long = queue.insert(SCENES, options=LONG)
    queue.await_job(long, lambda row: (row["progress"] or {}).get("phase") == "single_stream")
    queue.run("select public.cancel_job(%s)", [long])
    quick = queue.insert(SCENES, options=QUICK)
    assert queue.await_job(quick, finished)["status"] == "succeeded"
    assert queue.job(long)["status"] == "cancelled"
    assert [line["outcome"] for line in agent.lines("job_over") if line["job"] == long] == ["cancelled"]
