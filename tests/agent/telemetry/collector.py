"""A collector of OpenTelemetry traces on this machine."""

from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.agent.web import Request, Web


class Collector:
    """Reads the traces that a web server is sent."""

    def __init__(self, web: Web, path: str = "/v1/traces") -> None:
        web.answers[path] = self._receive
        self._messages: list[ExportTraceServiceRequest] = []
        self.headers: list[Mapping[str, str]] = []

    @property
    def resource(self) -> dict[str, Any]:
        """What the sender says of itself."""
        return attributes(self._messages[0].resource_spans[0].resource)

    def spans(self) -> list[Span]:
        """All that have come."""
        return list(self._spans())

    def by_name(self) -> dict[str, Span]:
        """The same; no two may have one name."""
        found = {span.name: span for span in self._spans()}
        assert len(found) == len(self.spans())
        return found

    def text(self) -> str:
        """All that has come, to look for what should not have."""
        return "".join(map(str, self._messages))

    def _spans(self) -> Iterator[Span]:
        for message in self._messages:
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    yield from scope.spans

    def _receive(self, request: Request) -> None:
        self.headers.append(dict(request.headers))
        self._messages.append(ExportTraceServiceRequest.FromString(request.body))
        request.send(200)


def attributes(holder: Any) -> dict[str, Any]:
    """Of a span or a resource."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in holder.attributes}
