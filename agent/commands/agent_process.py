"""An agent in a process of its own, for as long as a context lasts."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agent.errors import AgentError
from local import GUARD_FILE

_READY_SECONDS = 60.0
_LISTENING = {"ready", "realtime_ready"}


@contextmanager
def agent_process(settings: Mapping[str, str]) -> Iterator[None]:
    """Run an agent with ``settings`` (by environment variable) and no others.

    It is listening when the context begins. Its process group is one that Ctrl-C does not reach,
    and the guard ends it however this process ends. Raises AgentError with the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="arena-agent-") as folder:
        log = Path(folder, "agent.log")
        with log.open("wb") as file:
            guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD_FILE), "--", sys.executable, "-m", "agent", "agent"],
                cwd=folder,  # where no .env lies
                env={**_environment(), **settings, "ARENA_LOG_FORMAT": "json"},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        try:
            _until_listening(guard, log)
            yield
        finally:
            _end(guard)


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_", "SUPABASE_"))}


def _until_listening(guard: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the agent's own word, in its log, that Realtime delivers to it."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and guard.poll() is None:
        if {_action(line) for line in log.read_text("utf-8").splitlines()} >= _LISTENING:
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text("utf-8").splitlines()[-10:])
    raise AgentError(f"The agent did not start. The end of its log:\n{tail}")


def _action(line: str) -> str | None:
    try:
        return str(json.loads(line).get("action"))
    except (ValueError, AttributeError):
        return None


def _end(guard: subprocess.Popen[bytes]) -> None:
    assert guard.stdin is not None
    guard.stdin.close()
    guard.wait()
