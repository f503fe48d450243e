"""Sends traces to an OpenTelemetry collector."""

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from agent.errors import SettingsError
from agent.log import scrub
from agent.telemetry.job_ids import JobIds
from agent.telemetry.job_traces import JobTraces

_log = structlog.stdlib.get_logger(__name__)

_TIMEOUT_SECONDS = 5.0
_FLUSH_SECONDS = 1.0
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Traces:
    """OTLP over HTTP, in batches and from a thread of its own; a collector that is not there costs spans only."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], version: str) -> None:
        """`endpoint` is the collector's base address; each request carries the headers."""
        # What OpenTelemetry logs of a failure may hold the query of the address; _Exporter says it instead.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._ids = JobIds()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({"service.name": "vision-arena-agent", "service.version": version}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._exporter = _Exporter(traces_url(endpoint), headers)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))

    def watch(self, agent: str, device: str) -> JobTraces:
        """What makes the traces of one worker's jobs."""
        return JobTraces(self._provider, self._ids, agent, device)

    def close(self) -> None:
        """Send what is left, for at most a second."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(_FLUSH_SECONDS)
        if closing.is_alive():
            self._exporter.give_up()


class _Exporter(SpanExporter):
    """OpenTelemetry's own; it says once when the collector fails, and once when it is back."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        session = requests.Session()
        session.max_redirects = 0  # the headers are for nobody else
        session.hooks["response"].append(self._note_status)
        self._exporter = OTLPSpanExporter(url, headers=headers, timeout=_TIMEOUT_SECONDS, session=session)
        self._url = scrub(url)
        self._status: int | None = None
        self._is_failing = self._is_over = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See SpanExporter."""
        self._status = None
        result = self._exporter.export(spans)
        if not self._is_over:
            self._say(result is not SpanExportResult.SUCCESS)
        return result

    def _say(self, is_failing: bool) -> None:
        if is_failing and not self._is_failing:
            reason = f"it answered {self._status}" if self._status else "it cannot be reached"
            _log.warning(f"traces are lost at {self._url}: {reason}", action="traces_lost")
        elif self._is_failing and not is_failing:
            _log.info("traces arrive again", action="traces_arrive")
        self._is_failing = is_failing

    def give_up(self) -> None:
        """What has not been sent is lost; for an agent that cannot wait."""
        self._is_over = True
        _log.warning(f"the last traces were not sent to {self._url} in time", action="traces_lost")
        self._exporter.shutdown()  # type: ignore[no-untyped-call] # as below

    def shutdown(self) -> None:
        """See SpanExporter."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call] # the package left it out

    def _note_status(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._status = response.status_code


def traces_url(endpoint: str) -> str:
    """Where a collector with this base address takes traces."""
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/v1/traces"))


def header_values(text: str) -> dict[str, str]:
    """Of ``name=value,name=value`` with values as in a URL; raises SettingsError."""
    found = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (equals and _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(unquote(value))):
            raise SettingsError("OTEL_EXPORTER_OTLP_HEADERS is wrong: it takes name=value,name=value.")
        found[name] = unquote(value)
    return found
