"""An agent in a process of its own, for as long as a context lasts."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Self

from agent.errors import AgentError
from local import GUARD_FILE

_READY_SECONDS = 90.0
_CHECK_SECONDS = 0.5
_LOG_LINES = 10
_LISTENING = {"ready", "realtime_ready"}


class AgentProcess:
    """Runs an agent with ``settings`` (by environment variable) and no others.

    It is listening when the context begins. Its process group is one that Ctrl-C does not reach, and the guard ends
    it however this process ends. Raises AgentError with the end of its log if it does not start.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="arena-agent-")
        self._log = Path(self._folder.name, "agent.log")
        with self._log.open("wb") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD_FILE), "--", sys.executable, "-m", "agent", "agent"],
                cwd=self._folder.name,  # where no .env lies
                env={**_environment(), "ARENA_METRICS_PORT": "0", **settings, "ARENA_LOG_FORMAT": "json"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        try:
            self._await_listening()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    async def death(self) -> NoReturn:
        """Return never; raise AgentError if the agent ends by itself."""
        while self._guard.poll() is None:
            await asyncio.sleep(_CHECK_SECONDS)
        raise AgentError(f"The agent has ended. The end of its log:\n{self._tail()}")

    def _await_listening(self) -> None:
        """Wait for the agent's own word, in its log, that Realtime delivers to it."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self._guard.poll() is None:
            actions = {_action(line) for line in self._lines()}
            if actions >= _LISTENING:
                return
            if "unfit" in actions:
                break
            time.sleep(0.05)
        raise AgentError(f"The agent did not start. The end of its log:\n{self._tail()}")

    def _lines(self) -> list[str]:
        return self._log.read_text("utf-8").splitlines()

    def _tail(self) -> str:
        return "\n".join(self._lines()[-_LOG_LINES:])

    def _end(self) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()
        self._folder.cleanup()


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_", "SUPABASE_", "DATABASE_"))}


def _action(line: str) -> str | None:
    try:
        return str(json.loads(line).get("action"))
    except (ValueError, AttributeError):
        return None
