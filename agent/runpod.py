"""The RunPod pod that the agent runs on, by RunPod's API v2."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal, Self

import httpx
import structlog
from tenacity import RetryCallState, retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agent.errors import PodError, PodNotStopped, PodUnavailable
from agent.image_name import shown
from agent.retry_after import retry_after_s
from agent.settings import Settings
from agent.stopping import run_at_once

_log = structlog.stdlib.get_logger(__name__)

_ATTEMPTS = 5
_ANSWER_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 60.0
_backoff = wait_random_exponential(multiplier=1.0, max=15.0)

# Beside those of the network there are those of a proxy or of certificates that the environment names.
_BROKEN = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError)
_CONFLICT = 409
_PASSING = {408, 425, 429}
_UNPAID = {"EXITED", "TERMINATED"}
_KEY_HINT = (
    "Is RUNPOD_API_KEY one that may change this pod? RunPod gives each pod one; a key of yours needs Read/Write."
)
_HINTS = {401: _KEY_HINT, 403: _KEY_HINT, 404: "Is RUNPOD_POD_ID this pod's, and the key of the same account?"}


@dataclass(frozen=True)
class Pod:
    """What RunPod says of a pod."""

    id: str
    #: PROVISIONING, STARTING, RUNNING, EXITED (stopped), ERROR or TERMINATED.
    status: str
    usd_per_hour: float
    gpu: str | None
    gpus: int
    #: The newest CUDA version that its machine's driver knows; None where RunPod does not say.
    cuda_version: str | None
    #: A locked pod cannot be stopped.
    locked: bool

    @property
    def costs_nothing(self) -> bool:
        """Its volume aside; one with an ERROR may cost what it did before, or nothing."""
        return self.status in _UNPAID or (self.status == "ERROR" and self.usd_per_hour == 0)

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Raises PodUnavailable where it is no pod: a gateway in between may answer what it likes."""
        try:
            gpu = row.get("gpu") or {"id": None, "count": 0}
            return cls(
                id=str(row["id"]),
                status=str(row["status"]),
                usd_per_hour=float(row["cost"]),
                gpu=gpu["id"],
                gpus=int(gpu.get("count", 1)),
                cuda_version=row["cudaVersion"],
                locked=bool(row["locked"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise PodUnavailable("What answers is not RunPod.", hint="Is ARENA_RUNPOD_API_URL right?") from error


def pod(settings: Settings) -> Pod:
    """Look at the agent's pod, once, within ten seconds; raises PodError."""
    return Pod.from_row(_json(_ask(settings, "GET")))


def stop_pod(settings: Settings) -> None:
    """Stop the agent's pod, of which only the volume stays; this process is ended by that soon after.

    Tries for some minutes at most; logs and raises PodNotStopped.
    """
    try:
        status = _stop(settings)
    except PodError as error:
        failure = PodNotStopped(
            f"The pod still runs and costs money, for it could not be stopped. {error}",
            hint=f"Stop it in RunPod's console, or by `runpodctl pod stop {settings.runpod_pod_id}`.",
        )
        _log.error(str(failure), action="pod_not_stopped", pod=settings.runpod_pod_id)
        raise failure from error
    _log.info("the pod stops", action="pod_stopped", pod=settings.runpod_pod_id, status=status)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked_for_s = min(getattr(error, "retry_after_s", 0.0), _LONGEST_PAUSE_SECONDS)
    return max(asked_for_s, _backoff(state))


@retry(
    retry=retry_if_exception_type(PodUnavailable), wait=_pause, stop=stop_after_attempt(_ATTEMPTS), reraise=True
)  # stopping twice does no harm, and a reply may be lost
def _stop(settings: Settings) -> str:
    """Its status afterwards."""
    response = _ask(settings, "POST", "/action", {"action": "stop"})
    if response.status_code != _CONFLICT:
        return Pod.from_row(_json(response)).status
    here = pod(settings)
    if not here.costs_nothing:
        why = "it is locked" if here.locked else f"it is {here.status}"
        raise PodUnavailable(f"RunPod does not stop it: {why}.")
    return here.status


def _ask(
    settings: Settings, method: Literal["GET", "POST"], path: str = "", body: dict[str, str] | None = None
) -> httpx.Response:
    """An answer that is good, or a conflict with the pod's state."""
    assert settings.runpod_pod_id
    assert settings.runpod_api_key
    url = f"{str(settings.runpod_api_url).rstrip('/')}/pods/{settings.runpod_pod_id}{path}"
    headers = {"Authorization": f"Bearer {settings.runpod_api_key.get_secret_value()}"}
    try:
        response = run_at_once(_send(httpx.Request(method, url, headers=headers, json=body)))
    except _BROKEN as error:
        raise PodUnavailable(f"RunPod cannot be reached ({type(error).__name__}).") from error
    if response.is_success or response.status_code == _CONFLICT:
        return response
    raise _refusal(response)


async def _send(request: httpx.Request) -> httpx.Response:
    async with asyncio.timeout(_ANSWER_SECONDS), httpx.AsyncClient(follow_redirects=False) as http:
        return await http.send(request)


def _refusal(response: httpx.Response) -> PodError:
    status = response.status_code
    detail = _detail(response)
    said = f"RunPod answered {status}: {detail}." if detail else f"RunPod answered {status}."
    if status not in _PASSING and status < 500:
        return PodError(said, hint=_HINTS.get(status))
    error = PodUnavailable(said)
    error.retry_after_s = retry_after_s(response)
    return error


def _detail(response: httpx.Response) -> str:
    """Of a problem as RFC 9457 has it; empty where something else was sent."""
    problem = _json(response)
    detail = str(problem.get("detail", "")) if isinstance(problem, dict) else ""
    key = response.request.headers["Authorization"].removeprefix("Bearer ")
    return shown(detail.replace(key, "***")).rstrip(".")


def _json(response: httpx.Response) -> Any:
    """None where it is none."""
    try:
        return response.json()
    except ValueError:
        return None
