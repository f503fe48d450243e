"""The agent as a process: how it starts, waits and stops."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.commands.agent import look_at_cache
from agent.migrate import migrate
from local import LocalStack
from tests.agent.agent_process import LONG, QUICK, SCENES, AgentProcess, Agents, make_workplace
from tests.agent.gate import Gate
from tests.agent.queue import Queue, until
from tests.agent.web import Request, Web

StartAgent = Callable[..., AgentProcess]

STOP_LIMIT_SECONDS = 5.0


@pytest.fixture
def workplace(tmp_path: Path) -> dict[str, str]:
    return make_workplace(tmp_path)


@pytest.fixture
def agent(stack: LocalStack, tmp_path: Path, workplace: dict[str, str]) -> StartAgent:
    """An agent at the local stack, but for what is given by variable name, with these options."""

    def make(*options: str, **overrides: str) -> AgentProcess:
        settings = {"SUPABASE_URL": stack.url, "SUPABASE_KEY": stack.secret_key, "ARENA_POLL_SECONDS": "0.5"}
        return AgentProcess(tmp_path, {**settings, **workplace, **overrides}, *options)

    return make


def running(queue: Queue, job: str, phase: str) -> None:
    queue.await_job(job, lambda row: (row["progress"] or {}).get("phase") == phase)


def over(row: dict[str, Any]) -> bool:
    return row["finished_at"] is not None


def given_back(queue: Queue, job: str) -> bool:
    row = queue.job(job)
    leases = queue.run("select * from public.job_leases where job_id = %s", [job])
    return (row["status"], row["attempt"], leases) == ("pending", 0, [])


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_agent_leaves_at_a_signal(agent: StartAgent, queue: Queue, signum: int) -> None:
    with agent(ARENA_AGENT_NAME=f"leaving {signum}") as process:
        process.await_line("realtime_ready")
        code, seconds = process.end(signum)
        assert code == 0
        assert seconds < STOP_LIMIT_SECONDS
        assert process.lines("stopped")
        assert "Traceback" not in process.text
    (row,) = queue.run("select * from public.agents where name = %s", [f"leaving {signum}"])
    assert row["status"] == "stopped"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_job_is_given_back_at_a_signal(agent: StartAgent, queue: Queue, signum: int) -> None:
    with agent() as process:
        job = queue.insert(SCENES, options=LONG)
        running(queue, job, "single_stream")
        code, seconds = process.end(signum)
        assert code == 0
        assert seconds < STOP_LIMIT_SECONDS
        assert [line["outcome"] for line in process.lines("job_over")] == ["released"]
        assert "Traceback" not in process.text
    assert given_back(queue, job)


def test_an_agent_leaves_in_time_though_supabase_says_nothing(agent: StartAgent, stack: LocalStack, web: Web) -> None:
    web.answers["/rest/v1/rpc/register_agent"] = lambda request: request.pass_on(stack.url)
    web.answers["/rest/v1/rpc/claim_job"] = lambda request: request.wait_for(web.closing)
    with agent(SUPABASE_URL=web.url(), ARENA_REALTIME="false") as process:
        until(lambda: web.asked["/rest/v1/rpc/claim_job"] > 0, seconds=60)
        code, seconds = process.end()
    assert code == 0
    assert seconds < STOP_LIMIT_SECONDS + 0.5  # which a busy machine may take to notice


def test_a_job_is_given_back_in_the_middle_of_a_download(agent: StartAgent, queue: Queue, web: Web) -> None:
    web.answers = {"/slow.png": lambda request: request.wait_for(web.closing)}
    with agent(ARENA_IMAGE_HOSTS="127.0.0.1") as process:
        job = queue.insert([{"image_path": web.url("/slow.png"), "car_count": 0}])
        until(lambda: web.asked["/slow.png"] > 0, seconds=60)
        code, seconds = process.end()
        assert code == 0
        assert seconds < STOP_LIMIT_SECONDS
    web.closing.set()
    assert given_back(queue, job)


def test_an_agent_leaves_while_the_project_is_away(
    agent: StartAgent, queue: Queue, web: Web, stack: LocalStack
) -> None:
    away = threading.Event()

    def pass_on(request: Request) -> None:
        if away.is_set():
            request.hang_up()
        else:
            request.pass_on(stack.url)

    for name in ("register_agent", "claim_job", "renew_lease", "release_job"):
        web.answers[f"/rest/v1/rpc/{name}"] = pass_on
    with agent(SUPABASE_URL=web.url(), ARENA_REALTIME="false", ARENA_POLL_SECONDS="0.2") as process:
        job = queue.insert(SCENES, options=LONG)
        running(queue, job, "single_stream")
        away.set()
        code, seconds = process.end()
        assert code == 0
        assert seconds < STOP_LIMIT_SECONDS
    assert queue.job(job)["status"] == "running"


def test_without_realtime_a_job_is_claimed_by_polling(agent: StartAgent, queue: Queue) -> None:
    with agent(ARENA_REALTIME="false", ARENA_POLL_SECONDS="0.2") as process:
        process.await_line("ready")
        job = queue.insert(SCENES, options=LONG)
        queue.await_job(job, lambda row: row["status"] == "running")
        assert process.lines("realtime_ready") == []


def test_a_wrong_key_is_said_and_waited_out(agent: StartAgent, queue: Queue, web: Web, stack: LocalStack) -> None:
    """The proxy refuses at first, as a project does until its new key is known."""
    key_is_known = threading.Event()

    def check_the_key(request: Request) -> None:
        if key_is_known.is_set():
            request.pass_on(stack.url)
        else:
            body = b'{"message": "Invalid API key", "hint": "Double check your Supabase API key."}'
            request.send(401, body, {"Content-Type": "application/json"})

    for name in ("register_agent", "claim_job"):
        web.answers[f"/rest/v1/rpc/{name}"] = check_the_key
    with agent(SUPABASE_URL=web.url(), ARENA_REALTIME="false", ARENA_POLL_SECONDS="0.2") as process:
        assert process.await_line("store_failed")["kind"] == "KeyRefused"
        assert process.alive
        key_is_known.set()
        process.await_line("ready")
        assert stack.secret_key not in process.text


def test_a_database_without_the_arena_is_said_and_waited_out(agent: StartAgent) -> None:
    with LocalStack() as bare, agent(SUPABASE_URL=bare.url, SUPABASE_KEY=bare.secret_key) as process:
        failed = process.await_line("store_failed")
        assert failed["kind"] == "NotMigrated"
        assert "arena migrate" in failed["event"]
        migrate(bare.database_url)
        bare.reload_schema()
        process.await_line("ready")


def test_jobs_that_it_cannot_run_are_left_to_others_and_say_so(agent: StartAgent, queue: Queue, tmp_path: Path) -> None:
    queue.run("update public.agents set status = 'stopped', job_id = null")  # of other tests
    Path(tmp_path, "Trained_yolov8.json").unlink()
    with agent() as process:
        assert process.await_line("ready")["models"] == ["Trained_yolov5", "efficientnet_b0"]
        others = queue.insert(SCENES, options=QUICK)
        ours = queue.insert(SCENES, models=("Trained_yolov5", "Trained_yolov5"), options=QUICK)
        assert queue.await_job(ours, over)["status"] == "succeeded"
        assert queue.job(others)["status"] == "pending"
        (waiting,) = queue.run("select * from public.waiting_jobs")
        assert (str(waiting["job_id"]), waiting["waiting_for"]) == (others, "models")
        assert waiting["message"] == "No running agent can run Trained_yolov8."


def test_an_agent_that_can_run_nothing_says_so(agent: StartAgent, tmp_path: Path) -> None:
    for weights in tmp_path.glob("*.json"):
        weights.unlink()
    with agent() as process:
        assert "arena models" in process.await_line("no_models")["event"]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"SUPABASE_KEY": ""}, "SUPABASE_KEY is not set."),
        ({"ARENA_LEASE_SECONDS": "1"}, "ARENA_LEASE_SECONDS is wrong"),
        ({"ARENA_CATALOGUE": "nowhere.toml"}, "nowhere.toml"),
        ({"ARENA_COUNTRY": "XXX"}, "XXX"),
    ],
)
def test_a_wrong_setting_ends_it_with_a_sentence(agent: StartAgent, overrides: dict[str, str], said: str) -> None:
    with agent(**overrides) as process:
        assert process.wait() == 1
        assert said in process.text
        assert "Traceback" not in process.text


def test_draining_finishes_the_current_job_and_takes_no_other(agent: StartAgent, queue: Queue, gate: Gate) -> None:
    ends = gate.hold("complete_job")  # so that it cannot be over before the signal
    with agent("--drain", **gate.settings) as process:
        process.await_line("ready")
        job = queue.insert(SCENES, options={**QUICK, "min_seconds": 3})
        running(queue, job, "single_stream")
        next_job = queue.insert(SCENES, options=QUICK)
        process.send(signal.SIGTERM)
        process.await_line("leaving")
        ends.let_go()
        assert process.wait() == 0
        assert [line["outcome"] for line in process.lines("job_over")] == ["completed"]
        assert process.lines("stopped")
    assert queue.job(job)["status"] == "succeeded"
    assert queue.job(next_job)["status"] == "pending"


def test_draining_an_idle_agent_ends_it_at_once(agent: StartAgent, queue: Queue) -> None:
    with agent("--drain", ARENA_POLL_SECONDS="60") as process:
        process.await_line("realtime_ready")
        code, seconds = process.end()
    assert code == 0
    assert seconds < STOP_LIMIT_SECONDS


def test_a_second_signal_ends_a_draining_agent_at_once(agent: StartAgent, queue: Queue) -> None:
    with agent("--drain") as process:
        job = queue.insert(SCENES, options=LONG)
        running(queue, job, "single_stream")
        process.send(signal.SIGTERM)
        process.await_line("leaving")
        assert process.alive
        code, _ = process.end(signal.SIGINT)
    assert code == -signal.SIGINT
    assert queue.job(job)["status"] == "running"


def test_once_is_one_job_however_long_it_takes_to_come(agent: StartAgent, queue: Queue) -> None:
    with agent("--once") as process:
        process.await_line("realtime_ready")
        jobs = [queue.insert(SCENES, options=QUICK) for _ in range(2)]
        assert process.wait() == 0
        assert [line["outcome"] for line in process.lines("job_over")] == ["completed"]
    assert [queue.job(job)["status"] for job in jobs] == ["succeeded", "pending"]


def test_an_agent_that_nothing_comes_for_leaves(agents: Agents, queue: Queue) -> None:
    # It has to register, to subscribe and to hear of the job within the time for which it may be idle.
    idle_seconds = 4
    settings = {"ARENA_POLL_SECONDS": "60", "QUICK_WORK_MS": "5000 5000"}
    with agents.quick("idle", "--idle-exit", str(idle_seconds), **settings) as process:
        process.await_line("realtime_ready")
        job = queue.insert(SCENES)
        assert process.wait() == 0
        assert [line["outcome"] for line in process.lines("job_over")] == ["completed"]
        assert process.lines("stopped")
    row = queue.job(job)
    assert row["status"] == "succeeded"
    assert row["finished_at"] - row["started_at"] > timedelta(seconds=idle_seconds), "work is not idleness"


def test_an_agent_leaves_when_idle_though_the_project_is_away(agent: StartAgent) -> None:
    with agent("--idle-exit", "2", SUPABASE_URL="http://127.0.0.1:9") as process:
        assert process.wait() == 0
        assert process.lines("store_failed")


def test_one_worker_a_gpu_and_all_of_them_give_their_jobs_back(agents: Agents, queue: Queue) -> None:
    with agents.quick("pod", "--devices", "all", QUICK_GPUS="3", QUICK_WORK_MS="60000 60000") as process:
        jobs = [queue.insert(SCENES) for _ in range(3)]
        for job in jobs:
            running(queue, job, "single_stream")
        rows = queue.run("select name, hardware from public.live_agents where starts_with(name, 'pod ') order by name")
        code, seconds = process.end()
    assert [(row["name"], row["hardware"]["device"]) for row in rows] == [
        (f"pod cuda:{number}", f"cuda:{number}") for number in range(3)
    ]
    assert (code, seconds < STOP_LIMIT_SECONDS) == (0, True)
    assert all(given_back(queue, job) for job in jobs)
    assert {line["device"] for line in process.lines("claimed")} == {"cuda:0", "cuda:1", "cuda:2"}
    assert len(process.lines("stopped")) == 3


def test_a_cache_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with capture_logs() as logs:
        look_at_cache(tmp_path / "cache")
        look_at_cache(tmp_path / "file" / "cache")
    assert [(log["action"], log["reason"]) for log in logs] == [("cache_not_writable", "not a directory")]
