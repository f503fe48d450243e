"""A whole agent on a pod that costs money: it stops the pod when it has nothing to do, and at no other time."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.commands import agent as command
from agent.errors import PodNotStopped
from tests.agent.agent_process import MODELS, SCENES, Agents
from tests.agent.queue import Queue
from tests.agent.runpod_api import KEY, POD_ID, READ_ONLY_KEY, RunPodApi
from tests.agent.web import Web


@pytest.fixture
def api(web: Web) -> RunPodApi:
    return RunPodApi(web)


@pytest.fixture
def on_pod(api: RunPodApi) -> dict[str, str]:
    """What the environment of a pod says."""
    return {
        "ARENA_STOP_POD": "true",
        "ARENA_RUNPOD_API_URL": api.url,
        "RUNPOD_POD_ID": POD_ID,
        "RUNPOD_API_KEY": KEY,
    }


def test_an_idle_agent_says_goodbye_and_stops_its_pod(
    agents: Agents, queue: Queue, api: RunPodApi, on_pod: dict[str, str]
) -> None:
    seen: list[dict[str, Any]] = []
    api.on_action = lambda _: seen.extend(queue.run("select status from agents where name = 'on a pod'"))
    job_id = queue.insert(SCENES, models=MODELS)
    with agents.quick("on a pod", "--idle-exit", "1", **on_pod) as agent:
        assert agent.wait() == 0
    assert queue.job(job_id)["status"] == "succeeded"
    assert (api.done, seen) == (["stop"], [{"status": "stopped"}])
    assert agent.lines("pod_stopped")[0]["pod"] == POD_ID
    assert KEY not in agent.text


@pytest.fixture
def leave(on_pod: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The end of the command alone: its workers leave at once, because of idleness or not."""
    settings = {**on_pod, "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_KEY": "sb_secret_test"}

    def make(*, idle: bool, **overrides: str) -> None:
        for name, value in {**settings, **overrides}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(command, "run", lambda *_, **__: idle)
        monkeypatch.setattr("agent.log.configure_logging", lambda *_: None)
        command.agent(idle_exit=60.0)

    return make


def test_one_that_is_told_to_leave_stops_no_pod(leave: Callable[..., None], api: RunPodApi) -> None:
    leave(idle=False)
    assert api.answered == []


def test_a_pod_that_cannot_be_stopped_is_said_to_cost_money(leave: Callable[..., None], api: RunPodApi) -> None:
    with pytest.raises(PodNotStopped, match=r"still runs and costs money, .* RunPod answered 403"):
        leave(idle=True, RUNPOD_API_KEY=READ_ONLY_KEY)
    assert api.status == "RUNNING"
