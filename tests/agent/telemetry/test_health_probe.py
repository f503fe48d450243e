"""The probe of a container's HEALTHCHECK."""

import os
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest

import agent
from agent.health_note import HealthNote, leave_note, notes
from agent.health_probe import main
from agent.scratch import scratch
from agent.telemetry import Telemetry
from tests.agent.conftest import MakeSettings
from tests.agent.telemetry.scrape import free_port
from tests.agent.web import Web


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What a probe gives now: its exit status and its line."""

    def said() -> tuple[int, str]:
        return main(), capsys.readouterr().out.splitlines()[-1]

    return said


def probe_beside(folder: Path) -> tuple[int, str, str]:
    """The same of a process that has no setting of the agent's. With -S there is nothing but the standard library."""
    root = Path(agent.__file__).parents[1]
    script = f"import sys; sys.path.append({str(root)!r}); from agent.health_probe import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "TMPDIR": str(folder), "ARENA_METRICS_PORT": "9"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", *(["::1", "::"] if _has_ipv6() else [])])
def test_an_agent_is_asked_where_it_really_is(bare_settings: MakeSettings, said: Any, host: str) -> None:
    settings = bare_settings(ARENA_METRICS_HOST=host, ARENA_METRICS_PORT=free_port())
    with Telemetry(settings, version="1", revision="abc"):
        assert said() == (0, "alive")
    assert said() == (1, "No agent runs here: it has not started yet, or has ended.")


def test_a_process_of_its_own_finds_it_in_the_agents_folder(bare_settings: MakeSettings, tmp_path: Path) -> None:
    with scratch(), Telemetry(bare_settings(ARENA_METRICS_PORT=free_port()), version="1", revision="abc"):
        assert probe_beside(tmp_path) == (0, "alive\n", "")


def test_an_agent_that_serves_nothing_is_not_restarted_for_that(bare_settings: MakeSettings, said: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        for port in (0, other.getsockname()[1]):
            with Telemetry(bare_settings(ARENA_METRICS_PORT=port), version="1", revision="abc") as telemetry:
                telemetry.watch("cpu", uuid.uuid4())
                assert said() == (0, "health is not served")


def test_what_is_wrong_is_said_in_a_line(web: Web, said: Any) -> None:
    web.answers = {"/healthz": lambda request: request.send(503, b'{"alive": false}\n')}
    with leave_note(HealthNote("127.0.0.1", int(web.url().rpartition(":")[2]))):
        assert said() == (1, 'not alive: {"alive": false}')
        with leave_note(HealthNote()):
            assert said()[0] == 1, "of several all have to be alive"
    with leave_note(HealthNote("127.0.0.1", free := free_port())):
        assert said() == (1, f"no answer at port {free}: ConnectionRefusedError")


def test_a_note_is_its_owners_alone_and_goes_with_the_agent(tmp_path: Path) -> None:
    with leave_note(HealthNote("127.0.0.1", 1)):
        (file,) = tmp_path.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        (tmp_path / "arena-health-dead").write_bytes(file.read_bytes())  # of one that was killed: nobody has its lock
        (tmp_path / "arena-health-link").symlink_to(file)
        assert notes() == [HealthNote("127.0.0.1", 1)]
    assert not file.exists()
    assert tempfile.gettempdir() == str(tmp_path)
