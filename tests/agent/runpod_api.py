"""The part of RunPod's API v2 that is used here, as its OpenAPI description has it: pods, their states, their actions.

What the description leaves open was decided so: a key that is unknown gets 401, one without rights 403, a pod is
stopped at once, and one with an ERROR costs what it did.
"""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.agent.web import Request, Web

KEY = "rpa_5EKR3T1N9ZQX"
READ_ONLY_KEY = "rpa_R34D0N1Y"
POD_ID = "7h9k2m4n6p"

#: Actions that a status allows.
ACTIONS = {
    "PROVISIONING": ("stop", "terminate"),
    "STARTING": ("stop", "terminate"),
    "RUNNING": ("stop", "restart", "terminate"),
    "EXITED": ("start", "terminate"),
    "ERROR": ("start", "terminate"),
    "TERMINATED": (),
}
_LEADS_TO = {"start": "STARTING", "stop": "EXITED", "restart": "STARTING", "terminate": "TERMINATED"}
_TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip
_PATH = re.compile(r"/v2/pods/([\w-]+)(/action)?")


@dataclass
class RunPodApi:
    """One account with one pod, and what was asked of it."""

    web: Web
    status: str = "RUNNING"
    locked: bool = False
    #: In the states that cost something.
    usd_per_hour: float = 0.69
    pod_id: str = POD_ID
    #: Actions that were done, in order.
    done: list[str] = field(default_factory=list)
    #: The status that every request got.
    answered: list[int] = field(default_factory=list)
    #: Told of each action just before it is done.
    on_action: Callable[[str], object] = lambda _action: None
    #: Instead of an answer to each of the next requests: a status, or what to do with the request.
    faults: deque[int | Callable[[Request], object]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        for path in (
            f"/v2/pods/{self.pod_id}",
            f"/v2/pods/{self.pod_id}/action",
            "/v2/pods/none",
            "/v2/pods/none/action",
        ):
            self.web.answers[path] = self.answer

    @property
    def url(self) -> str:
        return self.web.url("/v2")

    def answer(self, request: Request) -> None:
        if self.faults:
            fault = self.faults.popleft()
            if callable(fault):
                fault(request)
                return
            self._refuse(request, fault, "of this test")
            return
        refusal = self._refusal_of_key(request) or self._refusal_of_request(request)
        if refusal:
            self._refuse(request, *refusal)
        elif request.command == "POST":
            self._act(request, json.loads(request.body)["action"])
        else:
            self._send(request, 200, self.row())

    def row(self) -> dict[str, Any]:
        """The pod, with all that the description requires."""
        running = self.status == "RUNNING"
        return {
            "id": self.pod_id, "name": "arena", "image": "registry.example/vision-arena:0.1.0", "args": "", "disk": 30,
            "ports": [], "env": {}, "registry": None, "status": self.status, "actions": list(ACTIONS[self.status]),
            "mounts": {"network": [{"volumeId": "vol_1", "path": "/workspace"}]},
            "gpu": {"id": "NVIDIA GeForce RTX 4090", "count": 1}, "cloud": "SECURE", "dataCenterId": "US-KS-2",
            "cudaVersion": "13.0", "ssh": {}, "template": None,
            "cost": 0.0 if self.status in {"EXITED", "TERMINATED"} else self.usd_per_hour,
            "locked": self.locked, "globalNetworking": {"enabled": False},
            "runtime": {"uptime": 3600} if running else None,
            "createdAt": "2026-06-01T12:00:00Z", "startedAt": "2026-06-01T12:02:00Z",
        }  # fmt: skip

    def _refusal_of_key(self, request: Request) -> tuple[int, str] | None:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in {KEY, READ_ONLY_KEY}:
            return 401, f"no such key: {key}" if key else "missing bearer token"
        if key == READ_ONLY_KEY and request.command != "GET":
            return 403, "access denied"
        return None

    def _refusal_of_request(self, request: Request) -> tuple[int, str] | None:
        path = _PATH.fullmatch(request.path)
        if path is None or path[1] != self.pod_id or self.status == "TERMINATED":
            return 404, "resource not found"
        if (request.command == "POST") != bool(path[2]):
            return 405, "The requested method is not allowed for this path."
        if request.command == "GET":
            return None
        return self._refusal_of_action(request)

    def _refusal_of_action(self, request: Request) -> tuple[int, str] | None:
        if request.headers.get("Content-Type") != "application/json":
            return 400, "request could not be processed"
        try:
            body = json.loads(request.body)
        except ValueError:
            return 400, "request could not be processed"
        if not isinstance(body, dict) or set(body) != {"action"} or body["action"] not in _LEADS_TO:
            return 422, "Request validation failed."
        if body["action"] not in ACTIONS[self.status] or (self.locked and body["action"] == "stop"):
            return 409, f"cannot {body['action']} a pod that is {self.status}"
        return None

    def _act(self, request: Request, action: str) -> None:
        self.on_action(action)
        self.done.append(action)
        self.status = _LEADS_TO[action]
        if action == "terminate":
            self.answered.append(204)
            request.send(204)
        else:
            self._send(request, 200, self.row())

    def _refuse(self, request: Request, status: int, detail: str) -> None:
        problem = {"title": _TITLES[status], "status": status, "detail": detail}
        self._send(request, status, problem, "application/problem+json", {"Retry-After": "1"} if status == 429 else {})

    def _send(
        self,
        request: Request,
        status: int,
        content: dict[str, Any],
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.answered.append(status)
        request.send(status, json.dumps(content).encode(), {"Content-Type": kind, **(headers or {})})
