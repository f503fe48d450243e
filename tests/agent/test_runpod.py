"""The pod's end, asked of a server that behaves as RunPod's API is described, or misbehaves."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tenacity import RetryCallState, wait_none

from agent import runpod
from agent.errors import PodError, PodNotStopped, PodUnavailable
from agent.runpod import Pod, pod, stop_pod
from agent.settings import Settings
from tests.agent.conftest import MakeSettings
from tests.agent.runpod_api import KEY, POD_ID, READ_ONLY_KEY, RunPodApi
from tests.agent.web import Request, Web

MakePod = Callable[..., Settings]


@pytest.fixture
def api(web: Web) -> RunPodApi:
    return RunPodApi(web)


@pytest.fixture
def settings(api: RunPodApi, bare_settings: MakeSettings) -> MakePod:
    """Settings of an agent on the server's pod, but for what is given by variable name."""

    def make(**overrides: Any) -> Settings:
        known = {"RUNPOD_POD_ID": POD_ID, "RUNPOD_API_KEY": KEY, "ARENA_RUNPOD_API_URL": api.url}
        return bare_settings(ARENA_STOP_POD=True, **{**known, **overrides})

    return make


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were to be waited after each attempt that might be repeated; nobody waits."""
    waited: list[float] = []
    wait = runpod._stop.retry.wait

    def note(state: RetryCallState) -> float:
        waited.append(wait(state))
        return wait_none()(state)

    monkeypatch.setattr(runpod._stop.retry, "wait", note)
    return waited


def refusal(settings: Settings) -> str:
    with pytest.raises(PodNotStopped) as caught:
        stop_pod(settings)
    return str(caught.value)


@pytest.mark.parametrize("status", ["RUNNING", "STARTING", "PROVISIONING"])
def test_a_pod_is_stopped_by_one_request(api: RunPodApi, settings: MakePod, status: str) -> None:
    api.status = status
    stop_pod(settings())
    assert (api.done, api.answered, api.status) == (["stop"], [200], "EXITED")


@pytest.mark.parametrize(("status", "usd_per_hour"), [("EXITED", 0.69), ("ERROR", 0.0)])
def test_one_that_costs_nothing_already_is_left_so(
    api: RunPodApi, settings: MakePod, status: str, usd_per_hour: float
) -> None:
    api.status, api.usd_per_hour = status, usd_per_hour
    stop_pod(settings())
    assert (api.done, api.answered) == ([], [409, 200])


def test_one_with_an_error_that_still_costs_is_said(api: RunPodApi, settings: MakePod, pauses: list[float]) -> None:
    api.status = "ERROR"
    assert "RunPod does not stop it: it is ERROR." in refusal(settings())
    assert len(pauses) == 5


def test_what_may_pass_is_tried_again(api: RunPodApi, settings: MakePod, pauses: list[float]) -> None:
    api.faults.extend([503, 500, Request.hang_up, lambda request: request.send(200, b"<html>Welcome to our hotel")])
    stop_pod(settings())
    assert (api.done, api.status, len(pauses)) == (["stop"], "EXITED", 4)


def test_a_reply_that_is_lost_stops_nothing_twice(api: RunPodApi, settings: MakePod, pauses: list[float]) -> None:
    def lose(request: Request) -> None:
        api.status = "EXITED"
        request.hang_up()

    api.faults.append(lose)
    stop_pod(settings())
    assert (api.done, api.answered, len(pauses)) == ([], [409, 200], 1)


def test_it_waits_as_long_as_it_is_asked_to(api: RunPodApi, settings: MakePod, pauses: list[float]) -> None:
    def wait_long(request: Request) -> None:
        request.send(429, headers={"Retry-After": "45"})

    def wait_for_ever(request: Request) -> None:
        request.send(429, headers={"Retry-After": "86400"})

    api.faults.extend([wait_long, wait_for_ever])
    stop_pod(settings())
    assert (pauses, api.done) == ([45.0, 60.0], ["stop"])


def test_a_server_that_hangs_or_trickles_is_given_up(
    api: RunPodApi, web: Web, settings: MakePod, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trickle(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        while not web.closing.wait(0.05):
            request.wfile.write(b" ")

    monkeypatch.setattr(runpod, "_ANSWER_SECONDS", 0.2)
    api.faults.extend([lambda request: request.wait_for(web.closing), trickle])
    started = time.perf_counter()
    stop_pod(settings())
    assert time.perf_counter() - started < 5.0
    assert (api.done, len(pauses)) == (["stop"], 2)


def test_one_that_is_never_answered_is_said_to_run_on(api: RunPodApi, settings: MakePod, pauses: list[float]) -> None:
    api.faults.extend([500] * 5)
    assert refusal(settings()) == (
        "The pod still runs and costs money, for it could not be stopped. RunPod answered 500: of this test. "
        f"Stop it in RunPod's console, or by `runpodctl pod stop {POD_ID}`."
    )
    assert (api.answered, len(pauses)) == ([500] * 5, 5)


def test_where_nothing_listens_that_is_said(settings: MakePod, pauses: list[float]) -> None:
    said = refusal(settings(ARENA_RUNPOD_API_URL="http://127.0.0.1:9/v2"))
    assert "RunPod cannot be reached (ConnectError)." in said
    assert len(pauses) == 5


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        (
            {"RUNPOD_API_KEY": "rpa_W0RNG"},
            401,
            "401: no such key: ***. Is RUNPOD_API_KEY one that may change this pod?",
        ),
        ({"RUNPOD_API_KEY": READ_ONLY_KEY}, 403, "403: access denied. Is RUNPOD_API_KEY one that may change this pod?"),
        ({"RUNPOD_POD_ID": "none"}, 404, "404: resource not found. Is RUNPOD_POD_ID this pod's"),
    ],
)
def test_what_will_not_pass_is_said_at_once(
    api: RunPodApi, settings: MakePod, wrong: dict[str, str], status: int, said: str
) -> None:
    assert f"RunPod answered {said}" in (message := refusal(settings(**wrong)))
    assert "rpa_" not in message
    assert (api.answered, api.done) == ([status], [])


def test_a_locked_pod_is_said_to_be_locked(api: RunPodApi, settings: MakePod, pauses: list[float]) -> None:
    api.locked = True
    assert "RunPod does not stop it: it is locked." in refusal(settings())
    assert len(pauses) == 5


def test_the_key_goes_nowhere_else(api: RunPodApi, web: Web, settings: MakePod) -> None:
    web.answers["/elsewhere"] = lambda request: request.send(200, json.dumps(api.row()).encode())
    api.faults.append(lambda request: request.send(307, headers={"Location": web.url("/elsewhere")}))
    assert "RunPod answered 307." in refusal(settings())
    assert web.asked["/elsewhere"] == 0


def test_a_pod_can_be_looked_at(api: RunPodApi, settings: MakePod) -> None:
    gpu = "NVIDIA GeForce RTX 4090"
    assert pod(settings(RUNPOD_API_KEY=READ_ONLY_KEY)) == Pod(POD_ID, "RUNNING", 0.69, gpu, 1, "13.0", locked=False)


def test_looking_ends_with_the_first_error(api: RunPodApi, settings: MakePod) -> None:
    api.faults.append(503)
    with pytest.raises(PodUnavailable, match="503"):
        pod(settings())
    with pytest.raises(PodError, match="404"):
        pod(settings(RUNPOD_POD_ID="none"))
    assert api.done == []
