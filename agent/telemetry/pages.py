"""What there is to be read of an agent: /metrics, /healthz, /readyz."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from agent.telemetry.health import Health

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: HTTPStatus
    content_type: str
    body: bytes


class Pages:
    """What there is to be read; `accept` is the header of that name."""

    def __init__(self, registry: CollectorRegistry, health: Health) -> None:
        self._registry, self._health = registry, health
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
        try:
            return find(accept)
        except Exception:
            _log.exception("telemetry could not be read", action="scrape_failed")
            return _json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "The agent's log says what happened."})

    def _metrics(self, accept: str) -> Page:
        encode, content_type = choose_encoder(accept)
        return Page(HTTPStatus.OK, content_type, encode(self._registry))

    def _alive(self, _accept: str) -> Page:
        silent = self._health.silent()
        return _answer("alive", not any(silent.values()), silent)

    def _ready(self, _accept: str) -> Page:
        unready = self._health.unready()
        return _answer("ready", None in unready.values(), unready)


def _answer(word: str, is_so: bool, workers: Mapping[str, str | None]) -> Page:
    status = HTTPStatus.OK if is_so else HTTPStatus.SERVICE_UNAVAILABLE
    return _json(status, {word: is_so, "workers": {device: problem or "ok" for device, problem in workers.items()}})


def _json(status: HTTPStatus, value: Mapping[str, Any]) -> Page:
    return Page(status, "application/json", (json.dumps(value, ensure_ascii=False) + "\n").encode())
