"""Somebody who types what the documents say: in the project's folder, with a Supabase and an agent of their own."""

import os
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import httpx
import psycopg
from typer.testing import CliRunner

import benchmark
from agent.__main__ import app, with_env_file
from agent.agent_key import AgentKey, JwtSecret
from benchmark import Arena, Catalogue, Comparison, LabelledImage, Options
from local import LocalStack
from tests.agent.agent_process import QUICK, AgentProcess
from tests.agent.queue import Queue
from tests.docs.documents import Command, blocks
from tests.docs.reader_folder import SUPABASE, make_folder, manifest_of, photograph

#: Programs that may be run as they are typed, in the reader's folder; they are at hand and change nothing outside it.
PROGRAMS = {"cat", "cp", "ls", "mkdir", "python", "sha256sum"}
#: Commands that another test runs, by their first words: the file, and what of it says so.
ELSEWHERE = {
    "make install": (".ci/run", "make install"),
    "make test": (".ci/run", "make test"),
    "make lint": ("Makefile", "test: install lint"),
    "make dashboard": ("tests/local/test_dashboard.py", '"-m", "local.dashboard"'),
    "make demo": ("tests/test_demo.py", '"agent", "demo"'),
    "arena stack": ("tests/agent/commands/test_stack_command.py", "stack()"),
    "pytest": (".ci/run", "make test"),
}
_SECRET = "your-jwt-secret"
#: What would take long as it is written.
INSTEAD = {
    'write_scenes(Path("calibration"), 120, seed=6)': 'write_scenes(Path("calibration"), 12, seed=6)',
}


@dataclass(frozen=True)
class Project:
    """Keys and addresses of the stack, in place of those that the documents make up."""

    stack: LocalStack
    agent_key: str

    def filled_in(self, text: str) -> str:
        """What a reader makes of it."""
        made_up = {
            r"https://(abcdefgh|my-project|your-project)\.supabase\.co": self.stack.url,
            r"postgresql://\S*": self.stack.database_url,
            r"sb_publishable_…": self.stack.publishable_key,
            r"sb_secret_…": self.stack.secret_key,
            r"eyJ…": self.agent_key,
            _SECRET: self.stack.jwt_secret,
        }
        for pattern, real in made_up.items():
            text = re.sub(pattern, lambda _, real=real: real, text)  # type: ignore[misc]
        return text


class WarmArena:
    """In place of Arena: one for all commands. It measures no longer than it must, and the same question once."""

    def __init__(self) -> None:
        self._arenas: dict[str, Arena] = {}
        self._known: dict[Any, Comparison] = {}

    def __call__(self, catalogue: Catalogue, *arguments: Any) -> Self:
        weights = str([(entry.id, entry.weights and entry.weights.sha256) for entry in catalogue])
        if weights not in self._arenas:
            self._arenas[weights] = Arena(catalogue, *arguments)
        self._arena = self._arenas[weights]
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It goes on."""

    def compare(
        self, model_a: str, model_b: str, images: list[LabelledImage], options: Options, **rest: Any
    ) -> Comparison:
        question = (model_a, model_b, options.as_dict(), [image.image_path for image in images])
        if str(question) not in self._known:
            brief = Options.parse({**options.as_dict(), **QUICK})
            self._known[str(question)] = self._arena.compare(model_a, model_b, images, brief, **rest)
        return self._known[str(question)]

    def close(self) -> None:
        for arena in self._arenas.values():
            arena.close()


class Reader:
    """Types one command after another; what a document leaves behind is gone at the next."""

    def __init__(self, folder: Path, stack: LocalStack, arena: WarmArena) -> None:
        self.folder = folder / "vision-arena"
        self._scratch, self._stack, self._arena = folder, stack, arena
        self._project = Project(stack, AgentKey.mint(JwtSecret(stack.jwt_secret), "pod-1", 1).token)
        self._agent: AgentProcess | None = None
        self._environment: dict[str, str] = {}
        make_folder(self.folder)
        self._fill_in_env()
        self._upload_photographs()

    def close(self) -> None:
        """Stop the agent."""
        if self._agent:
            code, _ = self._agent.end()
            self._agent.__exit__(None, None, None)
            assert code == 0, self._agent.text
        self._agent = None

    def type(self, command: Command) -> str:
        """What it prints. Fails where it fails, and where nothing here runs it."""
        text = self._with_a_job(self._project.filled_in(command.text), command)
        for written, quicker in INSTEAD.items():
            text = text.replace(written, quicker)
        own, rest = _ours_and_rest(text)
        environment, words = _assignments(shlex.split(own))
        with self._as_typed(environment):
            printed = self._run(command, text, words)
            return self._program(command, f"cat {rest}", printed) if rest else printed

    def run_sql(self, statement: str) -> None:
        """As in the SQL editor."""
        with psycopg.connect(self._stack.database_url) as connection:
            connection.execute(statement.encode())

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
        settings = {**self._environment, "SUPABASE_KEY": self._project.agent_key, "ARENA_AGENT_NAME": "pod-1"}
        agent = AgentProcess(self.folder, settings, *words, module="tests.agent.quick_agent")
        self._agent = agent.__enter__()
        return str(agent.await_line("ready"))

    def _fill_in_env(self) -> None:
        """The lines that docs/supabase.md says, and what keeps a test's agent apart from others."""
        [block, *_] = blocks(SUPABASE, "ini")
        here = f"ARENA_CATALOGUE={self.folder}/catalogue.toml\nARENA_CACHE_DIR={self.folder}/cache\n"
        brief = "ARENA_POLL_SECONDS=0.5\nARENA_METRICS_PORT=0\nARENA_DEVICE=cpu\n"
        example = (self.folder / ".env.example").read_text("utf-8")
        (self.folder / ".env").write_text(example + self._project.filled_in(block.text) + here + brief)

    def _upload_photographs(self) -> None:
        import cv2

        key = self._stack.secret_key
        for image in manifest_of(SUPABASE, "street/crossing.jpg"):
            name = image["image_path"].removeprefix("storage://")
            _, encoded = cv2.imencode(".jpg", photograph(image))
            httpx.post(
                f"{self._stack.url}/storage/v1/object/{name}",
                content=encoded.tobytes(),
                headers={"apikey": key, "Content-Type": "image/jpeg", "x-upsert": "true"},
            ).raise_for_status()

    def _with_a_job(self, text: str, command: Command) -> str:
        """The documents' job is 3f2a; here it is one that the command can be about."""
        if "3f2a" not in text:
            return text
        with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
            queue = Queue(connection)
            job = queue.insert()
            if "retry" in command.words:
                _fail(queue)
        return text.replace("3f2a", job)

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


def _fail(queue: Queue) -> None:
    """The next job, for good."""
    agent = uuid.uuid4()
    queue.run("select register_agent(%s, 'reader', '1', '{}', '{}')", [agent])
    [claim] = queue.run("select job_id, lease_token from claim_job(%s, %s)", [agent, uuid.uuid4()])
    error = '{"code": "bad_image", "message": "It is no image."}'
    queue.run("select fail_job(%s, %s, %s)", [claim["job_id"], claim["lease_token"], error])
