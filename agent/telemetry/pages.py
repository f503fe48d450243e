"""What there is to be read of an agent: /metrics, /healthz, /readyz."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder

from agent.telemetry.health import Health
from agent.telemetry.safely import Safely

Encode = Callable[[CollectorRegistry], bytes]


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: HTTPStatus
    content_type: str
    body: bytes


class Pages:
    """What there is to be read; `accept` is the header of that name."""

    def __init__(self, registry: CollectorRegistry, health: Health) -> None:
        self._registry, self._health, self._safely = registry, health, Safely()
        self._pages: Mapping[str, Callable[[str], Page]] = {
            "/metrics": self._metrics,
            "/healthz": self._alive,
            "/readyz": self._ready,
        }

    def page(self, path: str, accept: str) -> Page:
        """The page at `path`, which may be any text."""
        find = self._pages.get(path)
        if find is None:
            return _json(HTTPStatus.NOT_FOUND, {"error": f"There are {', '.join(self._pages)}."})
        with self._safely:
            return find(accept)
        return _json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "The agent's log says what happened first."})

    def _metrics(self, accept: str) -> Page:
        encode, content_type = _encoder(accept)
        return Page(HTTPStatus.OK, content_type, encode(self._registry))

    def _alive(self, _accept: str) -> Page:
        return _answer("alive", self._health.is_alive(), self._health.silent())

    def _ready(self, _accept: str) -> Page:
        unready = self._health.unready()
        return _answer("ready", None in unready.values(), unready)


def _encoder(accept: str) -> tuple[Encode, str]:
    """The form that is asked for; Prometheus' plain one for whoever asks for what is none."""
    try:
        return choose_encoder(accept)
    except (ValueError, TypeError):
        return generate_latest, CONTENT_TYPE_PLAIN_0_0_4


def _answer(word: str, is_so: bool, workers: Mapping[str, str | None]) -> Page:
    status = HTTPStatus.OK if is_so else HTTPStatus.SERVICE_UNAVAILABLE
    return _json(status, {word: is_so, "workers": {device: problem or "ok" for device, problem in workers.items()}})


def _json(status: HTTPStatus, value: Mapping[str, Any]) -> Page:
    return Page(status, "application/json", (json.dumps(value, ensure_ascii=False) + "\n").encode())
