"""Somebody who types what the documents say: in the project's folder, with a Supabase and an agent of their own."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from unittest.mock import patch

from typer.testing import CliRunner

import benchmark
from agent.__main__ import app, with_env_file
from tests.agent.agent_process import AgentProcess
from tests.docs.documents import Command, blocks
from tests.docs.project import Project
from tests.docs.reader_folder import SUPABASE, make_folder
from tests.docs.warm_arena import WarmArena

#: Programs that may be run as they are typed, in the reader's folder; they are at hand and change nothing outside it.
PROGRAMS = {"cat", "cp", "ls", "mkdir", "python", "sha256sum"}
#: What would take long as it is written.
INSTEAD = {
    'write_scenes(Path("calibration"), 120, seed=6)': 'write_scenes(Path("calibration"), 12, seed=6)',
}


class Reader:
    """Types one command after another; what a document leaves behind is gone at the next."""

    def __init__(self, folder: Path, project: Project, arena: WarmArena) -> None:
        self.folder, self.project, self._arena = folder, project, arena
        self._agent: AgentProcess | None = None
        self._environment: dict[str, str] = {}
        make_folder(self.folder)
        self._fill_in_env()

    def close(self) -> None:
        """Stop the agent."""
        if self._agent:
            code, _ = self._agent.end()
            self._agent.__exit__(None, None, None)
            assert code == 0, self._agent.text
        self._agent = None

    def type(self, command: Command) -> str:
        """What it prints. Fails where it fails, and where nothing here runs it."""
        text = self.project.filled_in(command.text)
        if "3f2a" in text:  # the documents' job
            text = text.replace("3f2a", self.project.new_job(failed="retry" in command.words))
        for written, quicker in INSTEAD.items():
            text = text.replace(written, quicker)
        own, rest = _ours_and_rest(text)
        environment, words = _assignments(shlex.split(own))
        with self._as_typed(environment):
            printed = self._run(command, text, words)
            return self._program(command, f"cat {rest}", printed) if rest else printed

    def _run(self, command: Command, text: str, words: list[str]) -> str:
        if not words or words[0] == "export":
            self._environment |= _assignments(words[1:])[0]
            return ""
        if words[:2] == ["arena", "agent"]:
            return self._start_agent(words[2:])
        if words[0] == "source":
            assert (self.folder / words[1]).is_file(), command.place
            return ""
        if words[0] == "arena":
            return self._arena_command(command, words[1:])
        assert words[0] in PROGRAMS, (
            f"No test runs `{command.text}` ({command.place}): mark it `# needs …`, or name its test here."
        )
        return self._program(command, text)

    def _arena_command(self, command: Command, words: list[str]) -> str:
        if "--wait" in words and not self._agent:
            self._start_agent([])
        with patch.object(benchmark, "Arena", self._arena):
            with_env_file()
            done = CliRunner().invoke(app, words)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise AssertionError(f"{command.place}: {command.text}\n{done.exception}") from done.exception
        assert done.exit_code == 0, f"{command.place}: {command.text}\n{done.output}"
        return done.stdout

    def _program(self, command: Command, text: str, typed: str = "") -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euc", text], input=typed, env={**os.environ, "PATH": path},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"{command.place}: {command.text}\n{done.stderr}"
        if text == "cp .env.example .env":
            self._fill_in_env()
        return done.stdout

    def _start_agent(self, words: list[str]) -> str:
        """It has become ready once; the next command finds it working."""
        self.close()
        settings = {**self._environment, "SUPABASE_KEY": self.project.agent_key, "ARENA_AGENT_NAME": "pod-1"}
        agent = AgentProcess(self.folder, settings, *words, module="tests.agent.quick_agent")
        self._agent = agent.__enter__()
        return str(agent.await_line("ready"))

    def _fill_in_env(self) -> None:
        """The lines that docs/supabase.md says, and what keeps a test's agent apart from others."""
        [block, *_] = blocks(SUPABASE, "ini")
        here = f"ARENA_CATALOGUE={self.folder}/catalogue.toml\nARENA_CACHE_DIR={self.folder}/cache\n"
        brief = "ARENA_POLL_SECONDS=0.5\nARENA_METRICS_PORT=0\nARENA_DEVICE=cpu\n"
        example = (self.folder / ".env.example").read_text("utf-8")
        (self.folder / ".env").write_text(example + self.project.filled_in(block.text) + here + brief)

    @contextmanager
    def _as_typed(self, environment: Mapping[str, str]) -> Iterator[None]:
        kept = {name: value for name, value in os.environ.items() if not _is_a_setting(name)}
        with ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, {**kept, **self._environment, **environment}, clear=True))
            stack.enter_context(chdir(self.folder))
            yield


def _is_a_setting(name: str) -> bool:
    return name.startswith(("ARENA_", "SUPABASE_", "OTEL_", "RUNPOD_")) or name == "DATABASE_URL"


def _assignments(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Variables that are set before the command, and the command."""
    found = {}
    while words and (match := re.fullmatch(r"([A-Z_]+)=(.*)", words[0], re.DOTALL)):
        found[match[1]] = match[2]
        words = words[1:]
    return found, words


def _ours_and_rest(text: str) -> tuple[str, str]:
    """`arena …` and what a shell does with what it prints; all of it where it is another command."""
    match = re.match(r"((?:[A-Z_]+=\S* )*arena [^|>]*)([|>].*)?$", text, re.DOTALL)
    return (match[1], match[2] or "") if match else (text, "")
