"""The probe of a container's HEALTHCHECK, as a process."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import agent
from agent.health_probe import main
from agent.telemetry import Telemetry
from tests.agent.telemetry.scrape import free_port
from tests.agent.web import Web


def test_an_agent_that_answers_is_alive(telemetry: Telemetry) -> None:
    telemetry.watch("cpu", uuid.uuid4())
    probe = subprocess.run(
        [sys.executable, "-m", "agent.health_probe"],
        env={**os.environ, "ARENA_METRICS_PORT": str(telemetry.port)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (probe.returncode, probe.stdout, probe.stderr) == (0, "alive\n", "")


def test_what_is_wrong_is_said_in_a_line(
    web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    web.answers = {"/healthz": lambda request: request.send(503, b'{"alive": false}\n')}
    for port, status, line in (
        (web.url().rpartition(":")[2], 1, 'not alive: {"alive": false}\n'),
        (str(free := free_port()), 1, f"no answer at port {free}: ConnectionRefusedError\n"),
        ("0", 0, "health is not served\n"),
        ("http", 1, "ARENA_METRICS_PORT is no port: http\n"),
    ):
        monkeypatch.setenv("ARENA_METRICS_PORT", port)
        assert main() == status
        assert capsys.readouterr().out == line


def test_it_needs_nothing_but_the_standard_library() -> None:
    """With -S there is no site-packages, so whatever else it imported would not be found."""
    root = Path(agent.__file__).parents[1]
    script = f"import sys; sys.path.append({str(root)!r}); import agent.health_probe"
    subprocess.run([sys.executable, "-S", "-c", script], timeout=30, check=True)
