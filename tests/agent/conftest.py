"""What tests of the agent share: settings, an empty queue in the local stack, a web server for images."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from tenacity import wait_none

from agent.images.source import _Fetch
from agent.settings import Settings, load_settings
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.agent_process import Agents
from tests.agent.gate import Gate
from tests.agent.memory_store import MemoryQueue, MemoryStore
from tests.agent.queue import Queue
from tests.agent.sql_queue import SqlQueue
from tests.agent.store_bench import LEASE_SECONDS, LIMIT_SECONDS, Bench
from tests.agent.web import Web


class MakeSettings(Protocol):
    """Settings of an agent at the local stack, but for what is given by variable name."""

    def __call__(self, **overrides: Any) -> Settings: ...


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no .env of the person who runs the tests gets into them."""
    for name in list(os.environ):
        if name.startswith(("ARENA_", "SUPABASE_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again at once."""
    for function in (SupabaseStore._ask, _Fetch._download):
        monkeypatch.setattr(function.retry, "wait", wait_none())


@pytest.fixture
def bare_settings() -> MakeSettings:
    """Settings that point nowhere."""

    def make(**overrides: Any) -> Settings:
        return load_settings(**{"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_KEY": "sb_secret_test", **overrides})

    return make


@pytest.fixture
def stack_settings(stack: LocalStack) -> MakeSettings:
    """Settings of an agent at the local stack."""

    def make(**overrides: Any) -> Settings:
        return load_settings(**{"SUPABASE_URL": stack.url, "SUPABASE_KEY": stack.secret_key, **overrides})

    return make


@pytest.fixture
def queue(stack: LocalStack) -> Iterator[Queue]:
    """The stack's queue, empty."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        queue = Queue(connection)
        queue.clear()
        yield queue
        queue.clear()


@pytest.fixture
def card() -> AgentCard:
    """A new agent."""
    return AgentCard(
        id=uuid.uuid4(), name="test", version="0", hardware={"cpu": "any"}, models=["Trained_yolov5", "Trained_yolov8"]
    )


@pytest.fixture
def store(queue: Queue, stack_settings: MakeSettings, card: AgentCard) -> Iterator[SupabaseStore]:
    """A store of a registered agent, over an empty queue."""
    with closing(SupabaseStore(stack_settings(ARENA_LEASE_SECONDS=10), card)) as store:
        store.register()
        yield store


@pytest.fixture(params=["memory", "supabase"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """An empty queue, with stores of that kind."""
    with ExitStack() as stack:
        make = {"memory": _in_memory, "supabase": _in_supabase}[request.param]
        yield make(request, stack)


def _in_memory(request: pytest.FixtureRequest, stack: ExitStack) -> Bench:
    queue = MemoryQueue()
    length = {"lease_seconds": LEASE_SECONDS, "time_limit_seconds": LIMIT_SECONDS}
    return Bench(queue, lambda card: MemoryStore(queue, card, **length))


def _in_supabase(request: pytest.FixtureRequest, stack: ExitStack) -> Bench:
    request.getfixturevalue("queue")  # empties it
    local: LocalStack = request.getfixturevalue("stack")
    make_settings: MakeSettings = request.getfixturevalue("stack_settings")
    settings = make_settings(ARENA_LEASE_SECONDS=LEASE_SECONDS, ARENA_TIME_LIMIT_SECONDS=LIMIT_SECONDS)
    connection = stack.enter_context(psycopg.connect(local.database_url, autocommit=True))
    return Bench(SqlQueue(connection), lambda card: stack.enter_context(closing(SupabaseStore(settings, card))))


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on this machine."""
    with Web() as web:
        yield web


@pytest.fixture
def agents(stack: LocalStack, tmp_path: Path) -> Agents:
    """Agents as processes, at the local stack."""
    return Agents(stack, tmp_path)


@pytest.fixture
def gate(stack: LocalStack, web: Web) -> Iterator[Gate]:
    """A gate before the local stack."""
    gate = Gate(web, stack.url)
    yield gate
    gate.close()
