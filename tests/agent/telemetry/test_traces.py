"""One trace a job, as a collector receives it."""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from structlog.testing import capture_logs

from agent.errors import SettingsError
from agent.job import Lease
from agent.job_watch import JobWatch
from agent.telemetry import Telemetry, otlp_headers
from tests.agent.conftest import MakeSettings
from tests.agent.queue import until
from tests.agent.telemetry.collector import Collector, attributes
from tests.agent.web import Request, Web

Traced = Callable[..., AbstractContextManager[Telemetry]]
PHASES = ("fetch", "weights", "load", "warm_up", "single_stream", "offline", "score")


@pytest.fixture
def traced(web: Web, bare_settings: MakeSettings) -> Traced:
    """Telemetry that sends traces to the web server; all is sent when it is left."""

    def traced(path: str = "/", **settings: str) -> Telemetry:
        where = {"OTEL_EXPORTER_OTLP_ENDPOINT": web.url(path), "ARENA_METRICS_PORT": "0", "ARENA_AGENT_NAME": "pod"}
        return Telemetry(bare_settings(**where, **settings), version="1.2.3")

    return traced


def work(
    watch: JobWatch, lease: Lease, outcome: str, code: str | None = None, phases: tuple[str, ...] = PHASES
) -> None:
    watch.claimed(lease)
    for phase in phases:
        watch.phase(phase)
        time.sleep(0.002)
        watch.phase(phase)
    watch.writing()
    watch.ended(outcome, code)


def test_a_job_is_one_trace_from_its_insert_to_its_end(web: Web, traced: Traced, lease: Lease) -> None:
    collector = Collector(web)
    lease = replace(lease, created_at=datetime.now(UTC) - timedelta(seconds=60))
    with traced(OTEL_EXPORTER_OTLP_HEADERS="api-key=s%20e, x=1") as telemetry:
        work(telemetry.watch("cuda:0", uuid.uuid4()), lease, "completed")
    spans = collector.by_name()
    assert set(spans) == {"job", "wait", "attempt", *PHASES, "write"}
    assert {span.trace_id for span in spans.values()} == {lease.job_id.bytes}
    job, attempt = spans["job"], spans["attempt"]
    parents = {name: span.parent_span_id for name, span in spans.items()}
    assert (parents["job"], parents["wait"], parents["attempt"]) == (b"", job.span_id, job.span_id)
    assert {parents[name] for name in (*PHASES, "write")} == {attempt.span_id}
    assert collector.headers[0]["api-key"] == "s e"
    assert collector.resource["service.name"] == "vision-arena-agent"
    assert collector.resource["service.version"] == "1.2.3"


def test_the_spans_of_a_job_fit_into_each_other(web: Web, traced: Traced, lease: Lease) -> None:
    collector = Collector(web)
    created_at = datetime.now(UTC) - timedelta(seconds=60)
    with traced() as telemetry:
        work(telemetry.watch("cpu", uuid.uuid4()), replace(lease, created_at=created_at), "completed")
    spans = collector.by_name()
    job, attempt, wait = spans["job"], spans["attempt"], spans["wait"]
    assert job.start_time_unix_nano == pytest.approx(created_at.timestamp() * 1e9, abs=1e6)
    assert wait.end_time_unix_nano - wait.start_time_unix_nano == 2_000_000_000
    assert wait.end_time_unix_nano == attempt.start_time_unix_nano
    row: list[Span] = [spans[name] for name in (*PHASES, "write")]
    for earlier, later in pairwise(row):
        assert later.start_time_unix_nano >= earlier.end_time_unix_nano > earlier.start_time_unix_nano
    assert attempt.start_time_unix_nano <= row[0].start_time_unix_nano
    assert row[-1].end_time_unix_nano <= attempt.end_time_unix_nano == job.end_time_unix_nano
    assert abs(job.end_time_unix_nano - time.time_ns()) < 30e9


def test_a_trace_says_what_was_compared_and_where_and_nothing_that_is_private(
    web: Web, traced: Traced, lease: Lease
) -> None:
    collector = Collector(web)
    with traced() as telemetry:
        work(telemetry.watch("cuda:1", uuid.uuid4()), lease, "completed")
    job, attempt = collector.by_name()["job"], collector.by_name()["attempt"]
    assert attributes(attempt) == attributes(job) == {
        "arena.agent": "pod",
        "arena.device": "cuda:1",
        "arena.job_id": str(lease.job_id),
        "arena.model_a": "Trained_yolov5",
        "arena.model_b": "Trained_yolov8",
        "arena.images": 1,
        "arena.attempt": 1,
        "arena.max_attempts": 3,
        "arena.outcome": "completed",
    }  # fmt: skip
    assert job.status.code == attempt.status.code == Status.STATUS_CODE_OK
    assert not [word for word in ("secret", "token", "images.example") if word in collector.text()]


def test_attempts_of_several_agents_are_one_trace_with_one_root(web: Web, traced: Traced, lease: Lease) -> None:
    collector = Collector(web)
    for attempt, (outcome, code) in enumerate([("retrying", "host_died"), ("released", None), ("completed", None)], 1):
        with traced() as telemetry:
            watch = telemetry.watch("cpu", uuid.uuid4())
            work(watch, replace(lease, attempt=attempt), outcome, code, phases=("fetch",))
    spans = collector.spans()
    (root,) = [span for span in spans if span.name == "job"]
    attempts = [span for span in spans if span.name == "attempt"]
    assert {span.trace_id for span in spans} == {lease.job_id.bytes}
    assert [span.parent_span_id for span in attempts] == [root.span_id] * 3
    assert [attributes(span)["arena.outcome"] for span in attempts] == ["retrying", "released", "completed"]
    assert len({span.span_id for span in spans}) == len(spans) == 3 * 4 + 1


def test_an_error_is_the_status_of_the_phase_the_attempt_and_the_job(web: Web, traced: Traced, lease: Lease) -> None:
    error, unset = Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET
    cases = [
        (replace(lease, job_id=uuid.uuid4()), *case)
        for case in (
            ("failed", "gpu_out_of_memory", error, True),
            ("retrying", "host_died", error, False),
            ("lost", None, error, False),
            ("left to its lease", None, error, False),
            ("cancelled", None, unset, True),
            ("released", None, unset, False),
        )
    ]
    collector = Collector(web)
    with traced() as telemetry:
        watch = telemetry.watch("cpu", uuid.uuid4())
        for one, outcome, code, *_ in cases:
            work(watch, one, outcome, code, phases=("fetch", "load"))
    for one, outcome, code, status, ends in cases:
        spans = {span.name: span for span in collector.spans() if span.trace_id == one.job_id.bytes}
        assert ("job" in spans) is ends, outcome
        concerned = [spans[name] for name in ("load", "attempt", "job") if name in spans]
        assert {span.status.code for span in concerned} == {status}
        assert {attributes(span).get("error.type") for span in concerned} == {code}
        assert {span.status.message for span in concerned} == {(code or outcome) if status == error else ""}
        assert spans["fetch"].status.code == spans["wait"].status.code == unset


def test_two_workers_jobs_are_not_mixed_up(web: Web, traced: Traced, lease: Lease) -> None:
    collector = Collector(web)
    other = replace(lease, job_id=uuid.uuid4())
    with traced() as telemetry:
        first, second = (telemetry.watch(device, uuid.uuid4()) for device in ("cuda:0", "cuda:1"))
        first.claimed(lease)
        second.claimed(other)
        for each in (first, second):
            each.phase("load")
            each.ended("completed", None)
    devices = {(attributes(s)["arena.device"], s.trace_id) for s in collector.spans() if s.name in ("job", "attempt")}
    assert devices == {("cuda:0", lease.job_id.bytes), ("cuda:1", other.job_id.bytes)}


def test_a_job_whose_insert_nobody_told_begins_with_its_wait(web: Web, traced: Traced, lease: Lease) -> None:
    collector = Collector(web)
    with traced() as telemetry:
        work(telemetry.watch("cpu", uuid.uuid4()), replace(lease, created_at=None), "completed", phases=())
    spans = collector.by_name()
    assert abs(spans["job"].start_time_unix_nano - spans["wait"].start_time_unix_nano) < 1e9


def test_the_base_address_may_have_a_path(web: Web, traced: Traced, lease: Lease) -> None:
    collector = Collector(web, "/otlp/v1/traces")
    with traced("/otlp/?tenant=t") as telemetry:
        work(telemetry.watch("cpu", uuid.uuid4()), lease, "completed")
    assert "job" in collector.by_name()


def test_a_collector_that_refuses_is_said_once_and_without_secrets(
    web: Web, traced: Traced, lease: Lease, caplog: pytest.LogCaptureFixture
) -> None:
    web.answers = {"/v1/traces": lambda request: request.send(401)}
    with capture_logs() as logs, traced("/?token=hush", OTEL_EXPORTER_OTLP_HEADERS="key=hush") as telemetry:
        work(telemetry.watch("cpu", uuid.uuid4()), lease, "completed")
    (warning,) = logs
    assert (warning["action"], warning["event"].endswith(": it answered 401")) == ("traces_lost", True)
    assert "hush" not in str(logs) + caplog.text


def test_a_collector_that_is_back_is_said(
    web: Web, traced: Traced, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    web.answers = {"/v1/traces": lambda request: request.send(400)}
    with capture_logs() as logs, traced() as telemetry:
        watch = telemetry.watch("cpu", uuid.uuid4())
        work(watch, lease, "released")
        until(lambda: len(logs) == 1)
        collector = Collector(web)
        work(watch, lease, "completed")
        until(lambda: len(logs) == 2)
    assert [log["action"] for log in logs] == ["traces_lost", "traces_arrive"]
    assert "job" in {span.name for span in collector.spans()}


def test_headers_are_sent_to_nobody_else(web: Web, traced: Traced, lease: Lease) -> None:
    web.answers = {"/v1/traces": lambda request: request.send(307, headers={"Location": web.url("/elsewhere")})}
    with capture_logs() as logs, traced() as telemetry:
        work(telemetry.watch("cpu", uuid.uuid4()), lease, "completed")
    assert web.asked["/elsewhere"] == 0
    assert [log["action"] for log in logs] == ["traces_lost"]


def test_a_collector_that_hangs_holds_no_exit_up(web: Web, traced: Traced, lease: Lease) -> None:
    def hang(request: Request) -> None:
        request.wait_for(web.closing)

    web.answers = {"/v1/traces": hang}
    with capture_logs() as logs:
        with traced() as telemetry:
            work(telemetry.watch("cpu", uuid.uuid4()), lease, "completed")
            started = time.monotonic()
        assert 0.9 < time.monotonic() - started < 3
        web.closing.set()
        until(lambda: not [thread for thread in threading.enumerate() if thread.name == "traces"])
    assert [log["action"] for log in logs] == ["traces_lost"]


def test_a_variable_of_opentelemetrys_own_that_is_wrong_costs_the_traces(
    traced: Traced, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with capture_logs() as logs, traced() as telemetry:
        work(telemetry.watch("cpu", uuid.uuid4()), lease, "completed")
    assert [log["action"] for log in logs] == ["telemetry_failed"]


def test_headers_that_are_none_are_refused_unseen(bare_settings: MakeSettings) -> None:
    for headers in ("key", "=x", "a b=x", "key=a%0Ab", "key=é", "key=x,,other"):
        settings = bare_settings(OTEL_EXPORTER_OTLP_HEADERS=headers)
        with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_HEADERS is wrong: it takes name=value") as caught:
            otlp_headers(settings)
        assert headers not in str(caught.value)


def test_headers_that_are_wrong_stop_an_agent_that_is_to_send_traces(traced: Traced) -> None:
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_HEADERS"):
        traced(OTEL_EXPORTER_OTLP_HEADERS="key")


def test_without_an_address_there_are_no_traces(telemetry: Telemetry, lease: Lease) -> None:
    work(telemetry.watch("cpu", uuid.uuid4()), lease, "completed")
    assert telemetry._traces is None
