"""The server of /metrics, /healthz and /readyz."""

import re
import socket
import time
import uuid
from contextlib import ExitStack

import httpx
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from agent.telemetry import Telemetry
from agent.telemetry.gpus import Gpus
from tests.agent.conftest import MakeSettings
from tests.agent.telemetry.scrape import free_port, get, samples, scrape


def test_an_agent_that_is_starting_is_alive_and_not_ready(telemetry: Telemetry) -> None:
    assert get(telemetry.port, "/healthz").json() == {"alive": True, "workers": {}}
    answer = get(telemetry.port, "/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "workers": {}})


def test_workers_that_are_to_come_are_told_at_once(bare_settings: MakeSettings) -> None:
    """Whoever hangs while it is built says nothing itself."""
    settings = bare_settings(ARENA_METRICS_PORT=free_port())
    with Telemetry(settings, version="1", revision="abc", devices=["cuda:0", "cuda:1"]) as telemetry:
        telemetry.watch("cuda:0", uuid.uuid4()).claims(None)
        assert get(telemetry.port, "/healthz").json()["workers"] == {"cuda:0": "ok", "cuda:1": "ok"}
        assert get(telemetry.port, "/readyz").json()["workers"]["cuda:1"] == "It has not asked for a job yet."
        series = scrape(telemetry.port)
    assert [series[f'arena_{word}{{device="cuda:1"}}'] for word in ("alive", "ready", "busy")] == [1, 0, 0]


def test_one_worker_that_can_claim_makes_the_agent_ready(telemetry: Telemetry) -> None:
    workers = [telemetry.watch(device, uuid.uuid4()) for device in ("cuda:0", "cuda:1")]
    workers[0].claims("Supabase refused the key sb_secret_abc.")
    answer = get(telemetry.port, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["workers"]["cuda:0"] == "Supabase refused the key sb_secret_***."
    workers[1].claims(None)
    answer = get(telemetry.port, "/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["workers"]["cuda:1"]) == (200, True, "ok")
    workers[1].claims("It is leaving.")
    assert get(telemetry.port, "/readyz").status_code == 503
    series = scrape(telemetry.port)
    assert [series[f'arena_{word}{{device="cuda:1"}}'] for word in ("alive", "ready")] == [1, 0]


def test_a_scrape_says_which_program_this_is_and_what_it_takes(telemetry: Telemetry) -> None:
    agent_id = uuid.uuid4()
    telemetry.watch("cpu", agent_id)
    series = scrape(telemetry.port)
    assert series['arena_build_info{contract="2",revision="abc",version="1.2.3"}'] == 1
    assert series[f'arena_worker_info{{agent="pod",agent_id="{agent_id}",device="cpu"}}'] == 1
    assert series['arena_resident_memory_bytes{process="agent"}'] > 10e6
    assert series['arena_claims_total{answer="job",device="cpu"}'] == 0, "known before it happens"


def test_prometheus_own_format_is_spoken_too(telemetry: Telemetry) -> None:
    answer = get(telemetry.port, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_whoever_asks_for_a_form_that_is_none_gets_the_plain_one(telemetry: Telemetry) -> None:
    with capture_logs() as logs:
        answer = get(telemetry.port, "/metrics", Accept="text/plain; version=1.x")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'arena_build_info{contract="2",revision="abc",version="1.2.3"}' in samples(answer.text)
    assert [log["action"] for log in logs] == ["queue_length"], "nothing is said of the header"


def test_there_is_nothing_else(telemetry: Telemetry) -> None:
    for path in ("/", "/metrics/", "/healthz/x", "/%2e%2e/etc/passwd"):
        assert get(telemetry.port, path).status_code == 404, path


def test_a_head_has_no_body_and_a_query_changes_nothing(
    telemetry: Telemetry, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{telemetry.port}/healthz?token=secret"
    head, whole = httpx.head(url, trust_env=False), httpx.get(url, trust_env=False)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.content) > 0
    assert httpx.post(url, trust_env=False).status_code == 501
    assert capfd.readouterr() == ("", ""), "no request is logged"


def test_whoever_holds_connections_open_keeps_nobody_out(telemetry: Telemetry) -> None:
    with ExitStack() as stack:
        address = ("127.0.0.1", telemetry.port or 0)
        held = [stack.enter_context(socket.create_connection(address)) for _ in range(20)]
        for each in held:
            each.sendall(b"GET /healthz HT")
        started = time.monotonic()
        assert get(telemetry.port, "/healthz").status_code == 200
        assert time.monotonic() - started < 3
        held[0].settimeout(3)
        assert held[0].recv(100) == b"", "the oldest was closed for the newest"


def test_a_port_that_is_taken_is_said_and_the_agent_goes_on(bare_settings: MakeSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with capture_logs() as logs, Telemetry(bare_settings(ARENA_METRICS_PORT=port), version="1") as telemetry:
            telemetry.watch("cpu", uuid.uuid4()).claims(None)
            assert telemetry.port is None
    (warning,) = logs
    assert warning["action"] == "metrics_not_served"
    assert re.search(rf"127\.0\.0\.1:{port}: Address already in use; set ARENA_METRICS_HOST and", warning["event"])


def test_an_address_that_is_not_this_machine_is_said_too(bare_settings: MakeSettings) -> None:
    elsewhere = bare_settings(ARENA_METRICS_HOST="192.0.2.1", ARENA_METRICS_PORT=free_port())
    with capture_logs() as logs, Telemetry(elsewhere, version="1") as telemetry:
        assert telemetry.port is None
    assert [log["action"] for log in logs] == ["metrics_not_served"]


def test_at_port_0_nothing_is_served(bare_settings: MakeSettings) -> None:
    with capture_logs() as logs, Telemetry(bare_settings(ARENA_METRICS_PORT=0), version="1") as telemetry:
        telemetry.watch("cpu", uuid.uuid4()).beat()
        assert telemetry.port is None
    assert logs == []


def test_what_cannot_be_read_costs_its_own_metrics_alone(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gpus, "collect", lambda self: 1 / 0)
    with capture_logs() as logs:
        pages = [get(telemetry.port, "/metrics").raise_for_status().text for _ in range(2)]
    assert [log["action"] for log in logs if log["log_level"] == "error"] == ["telemetry_failed"]
    assert all("arena_gpus" not in page and "arena_build_info" in page for page in pages)


def test_a_scrape_that_breaks_down_is_said_and_health_is_still_told(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CollectorRegistry, "collect", lambda self: 1 / 0)
    with capture_logs() as logs:
        assert [get(telemetry.port, "/metrics").status_code for _ in range(2)] == [500, 500]
    assert [log["action"] for log in logs if log["log_level"] == "error"] == ["telemetry_failed"]
    assert get(telemetry.port, "/healthz").status_code == 200
