"""A collector of traces that answers, refuses or is not there."""

import pytest

from agent.doctor.collector import look_at_collector
from tests.agent.doctor.conftest import MakePlace
from tests.agent.web import Request, Web


def test_no_collector_is_asked_for(place: MakePlace) -> None:
    assert look_at_collector(place()).state == "skipped"


@pytest.mark.parametrize(
    ("status", "state", "said"), [(200, "ok", "takes traces"), (401, "warning", "401"), (404, "warning", "404")]
)
def test_a_collector_that_answers(place: MakePlace, web: Web, status: int, state: str, said: str) -> None:
    seen: list[tuple[str | None, bytes]] = []

    def answer(request: Request) -> None:
        seen.append((request.headers["x-key"], request.body))
        request.send(status)

    web.answers["/otel/v1/traces"] = answer
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": web.url("/otel"), "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b"}
    found = look_at_collector(place(**collector))
    assert seen == [("a b", b"")]
    assert found.state == state
    assert said in found.found


def test_a_collector_that_is_not_there_or_has_headers_that_are_none(place: MakePlace) -> None:
    gone = look_at_collector(place(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"))
    assert gone.state == "warning"
    assert "refuses the connection. Traces are lost." in gone.found
    wrong = look_at_collector(place(OTEL_EXPORTER_OTLP_HEADERS="nonsense"))
    assert wrong.state == "problem"
    assert wrong.found.startswith("OTEL_EXPORTER_OTLP_HEADERS is wrong")
    assert "nonsense" not in str(wrong)
