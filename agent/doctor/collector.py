"""The collector of OpenTelemetry that traces are sent to."""

import httpx

from agent.doctor.connection import ERRORS, why
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from agent.errors import SettingsError

_ANSWER_SECONDS = 5.0
_NAME = "OTEL_EXPORTER_OTLP_ENDPOINT"


def look_at_collector(place: Place) -> Finding:
    """Whether the collector takes traces, with the headers that are set. It is sent none: an empty message."""
    endpoint, headers = place.settings.otlp_endpoint, place.settings.otlp_headers
    if endpoint is None:
        return skipped(f"{_NAME} is not set: no traces are sent.")
    from agent.telemetry.traces import header_values, traces_url

    try:
        values = header_values(headers.get_secret_value() if headers else "")
    except SettingsError as error:
        return problem(error.message, "Write values as in a URL (%20 for a space), or unset it.", "name=value,…")
    try:
        status = _send_nothing(traces_url(str(endpoint)), values)
    except ERRORS as error:
        found, mend = why(error, _NAME)
        return warning(f"{endpoint.host} cannot be reached: {found} Traces are lost.", mend)
    return _said(str(endpoint.host), status)


def _send_nothing(url: str, headers: dict[str, str]) -> int:
    """The status of the answer. An empty body is a message without traces."""
    headers = {**headers, "Content-Type": "application/x-protobuf"}
    return httpx.post(url, headers=headers, timeout=_ANSWER_SECONDS).status_code


def _said(host: str, status: int) -> Finding:
    if status < 300:
        return ok(f"{host} takes traces")
    if status in (401, 403):
        return warning(f"{host} answers {status}. Traces are lost.", "Set OTEL_EXPORTER_OTLP_HEADERS to its key.")
    return warning(
        f"{host} answers {status}. Traces are lost.",
        f"Set {_NAME} to the collector's base address for OTLP over HTTP, often port 4318; /v1/traces is added.",
    )
