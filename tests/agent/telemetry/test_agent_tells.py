"""What an agent tells while it works: the program itself, with two workers, a queue and a collector."""

from datetime import datetime
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.agent.agent_process import SCENES, AgentProcess, Agents
from tests.agent.queue import Queue, until
from tests.agent.telemetry.collector import Collector, attributes
from tests.agent.telemetry.documented import SERIES, TABLE
from tests.agent.telemetry.scrape import free_port, get
from tests.agent.web import Web
from tests.agent.working import finished

DEVICES = ("cuda:0", "cuda:1")
GONE = {"image_path": "gone.jpg", "car_count": 1}


def test_all_that_the_documents_promise_is_told(agents: Agents, queue: Queue, web: Web) -> None:
    collector, port = Collector(web), free_port()
    web.answers["/1.png"] = lambda request: request.send(200, b"12345")
    there = {"image_path": web.url("/1.png"), "car_count": 1}
    with agents.quick(
        "pod", "--devices", "all",
        QUICK_GPUS="2", QUICK_WORK_MS="100 200", ARENA_METRICS_PORT=str(port),
        ARENA_IMAGE_HOSTS="127.0.0.1", OTEL_EXPORTER_OTLP_ENDPOINT=web.url(),
    ) as agent:  # fmt: skip
        until(lambda: len(agent.lines("realtime_ready")) == 2)
        jobs = [queue.insert([*SCENES, there, GONE]) for _ in range(4)] + [queue.insert([GONE], max_attempts=1)]
        for job in jobs:
            queue.await_job(job, finished)
        until(lambda: done(port) == {"completed": 4, "failed": 1})
        look_at_health(port)
        look_at_metrics(get(port, "/metrics").text)
        code, seconds = agent.end()
    assert (code, seconds < 5) == (0, True)
    look_at_traces(collector, {job: queue.job(job)["created_at"] for job in jobs})
    look_at_log(agent)


def done(port: int) -> dict[str, float]:
    """Jobs by outcome, of both workers."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(get(port, "/metrics").text):
        for sample in family.samples if family.name == "arena_jobs" else ():
            if sample.value:
                outcome = sample.labels["outcome"]
                found[outcome] = found.get(outcome, 0) + sample.value
    return found


def look_at_health(port: int) -> None:
    ok = dict.fromkeys(DEVICES, "ok")
    assert get(port, "/healthz").json() == {"alive": True, "workers": ok}
    assert get(port, "/readyz").json() == {"ready": True, "workers": ok}


def look_at_metrics(page: str) -> None:
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    assert {sample.labels["device"] for sample in samples if "device" in sample.labels} == set(DEVICES)
    for sample in samples:
        assert set(sample.labels) - {"le"} == TABLE[SERIES[sample.name]][1], sample
    silent = set(TABLE) - {SERIES[sample.name] for sample in samples}
    assert {name for name in silent if not name.startswith("arena_gpu_")} == set()
    values = {(sample.name, *sample.labels.values()): sample.value for sample in samples}
    assert values["arena_queue_jobs", "running"] >= 0
    assert sum(value for key, value in values.items() if key[0] == "arena_claims_total" and "job" in key) == 5
    assert [value for key, value in values.items() if key[0] == "arena_realtime_up"] == [1, 1]


def look_at_traces(collector: Collector, created_at: dict[str, datetime]) -> None:
    spans = collector.spans()
    roots = [span for span in spans if span.name == "job"]
    began_s = {str(UUID(bytes=span.trace_id)): span.start_time_unix_nano / 1e9 for span in roots}
    assert len(roots) == len(began_s)
    assert began_s == pytest.approx({job: at.timestamp() for job, at in created_at.items()}, abs=0.001)
    assert {attributes(span)["arena.device"] for span in roots} <= set(DEVICES)
    assert {span.name for span in spans} == {"job", "wait", "attempt", "fetch", "single_stream", "write"}


def look_at_log(agent: AgentProcess) -> None:
    assert agent.lines("telemetry_failed") + agent.lines("traces_lost") == []
