"""How long the queue is, as the database says."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from agent.errors import StoreError
from agent.settings import Settings
from agent.supabase_client import connect, supabase_errors
from agent.telemetry.patient import Patient

_log = structlog.stdlib.get_logger(__name__)

_AGAIN_SECONDS = 15.0
_PATIENCE_SECONDS = 2.0
_OLD_SECONDS = 60.0
_TIMEOUT_SECONDS = 5.0

Ask = Callable[[], Mapping[str, Any]]


class QueueLength:
    """A collector that asks the database when it is scraped, at most every quarter of a minute.

    A scrape waits 2 s for the answer and goes on with the last one, if that is not a minute old. Where there is none,
    as with a database that is not reached or has no such function, there are no samples.
    """

    def __init__(
        self, ask: Ask, clock: Callable[[], float] = time.monotonic, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        self._ask, self._clock = ask, clock
        self._database = Patient(self._look, patience_seconds, "queue-length")
        self._answer: Mapping[str, Any] | None = None
        self._answered_at = self._asked_at = float("-inf")
        self._is_silent = False

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        self._refresh()
        jobs = GaugeMetricFamily("arena_queue_jobs", "Jobs in the queue.", labels=["state"])
        oldest = GaugeMetricFamily("arena_queue_oldest_wait_seconds", "For how long the oldest due job has waited.")
        answer = self._answer
        if answer is not None and self._clock() - self._answered_at < _OLD_SECONDS:
            for state in ("pending", "due", "running"):
                jobs.add_metric([state], float(answer[state]))
            oldest.add_metric([], float(answer["oldest_wait_s"] or 0.0))
        yield from (jobs, oldest)

    def _refresh(self) -> None:
        if self._clock() - self._asked_at >= _AGAIN_SECONDS:
            self._asked_at = self._clock()
            with suppress(TimeoutError):
                self._database.ask()

    def _look(self) -> None:
        try:
            answer = self._ask()
            float(answer["pending"]), float(answer["due"]), float(answer["running"]), answer["oldest_wait_s"]
            self._answer, self._answered_at, self._is_silent = answer, self._clock(), False
        except Exception as error:
            self._say(error)

    def _say(self, error: Exception) -> None:
        """Once, until there is an answer again."""
        if not self._is_silent:
            self._is_silent = True
            told = str(error) if isinstance(error, StoreError) else type(error).__name__
            _log.warning(f"the queue's length is not known: {told}", action="queue_length")


def asking(settings: Settings) -> tuple[Ask, Callable[[], None]]:
    """What asks the database over connections of its own, and what closes these. Raises KeyRefused."""
    client, http = connect(settings.url, settings.credentials, _TIMEOUT_SECONDS)

    def ask() -> Mapping[str, Any]:
        with supabase_errors():
            rows: Any = client.rpc("queue_state", {}).execute().data
        found: Mapping[str, Any] = rows[0]
        return found

    return ask, http.close
