"""How long the queue is, asked of the local stack."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from agent.errors import StoreUnavailable
from agent.telemetry.queue_length import QueueLength, asking
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue
from tests.agent.telemetry.scrape import samples
from tests.agent.web import Web

ANSWER = {"pending": 3, "due": 2, "running": 1, "oldest_wait_s": 4.5}
SERIES = {
    'arena_queue_jobs{state="pending"}': 3,
    'arena_queue_jobs{state="due"}': 2,
    'arena_queue_jobs{state="running"}': 1,
    "arena_queue_oldest_wait_seconds": 4.5,
}


def read(collector: QueueLength) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(collector)
    return samples(generate_latest(registry).decode())


class Database:
    """One that answers as a test wants, at a time that it says."""

    def __init__(self, answer: Callable[[], Mapping[str, Any]] = lambda: ANSWER) -> None:
        self.answer, self.asked, self.now = answer, 0, 0.0

    def length(self, patience_seconds: float = 20.0) -> QueueLength:
        return QueueLength(self._ask, lambda: self.now, patience_seconds)

    def _ask(self) -> Mapping[str, Any]:
        self.asked += 1
        return self.answer()


def unreachable() -> Mapping[str, Any]:
    raise StoreUnavailable


def test_the_stack_says_how_long_its_queue_is(queue: Queue, stack_settings: MakeSettings) -> None:
    queue.insert()
    queue.run("update public.jobs set run_at = now() + interval '1 hour' where id = %s", [queue.insert()])
    ask, close = asking(stack_settings())
    with capture_logs() as logs:
        series = read(QueueLength(ask))
    close()
    assert {state: series[f'arena_queue_jobs{{state="{state}"}}'] for state in ("pending", "due", "running")} == {
        "pending": 2,
        "due": 1,
        "running": 0,
    }
    assert 0 < series["arena_queue_oldest_wait_seconds"] < 60
    assert logs == []


def test_a_database_without_the_function_gives_no_samples(web: Web, bare_settings: MakeSettings) -> None:
    body = b'{"code":"PGRST202","message":"none","details":null,"hint":null}'
    kind = {"Content-Type": "application/json"}
    web.answers = {"/rest/v1/rpc/queue_state": lambda request: request.send(404, body, kind)}
    ask, close = asking(bare_settings(SUPABASE_URL=web.url()))
    with capture_logs() as logs:
        assert read(QueueLength(ask)) == {}
    close()
    assert "arena migrate" in logs[0]["event"]


def test_it_is_asked_four_times_a_minute_however_often_it_is_scraped() -> None:
    database = Database()
    length = database.length()
    for database.now in (0, 5, 14.9, 15, 29, 30):
        assert read(length) == SERIES
    assert database.asked == 3


def test_a_last_answer_serves_for_a_minute() -> None:
    database = Database()
    length = database.length()
    read(length)
    database.answer = unreachable
    with capture_logs() as logs:
        for database.now, known in ((20, SERIES), (59, SERIES), (61, {}), (80, {})):
            assert read(length) == known
        database.now, database.answer = 100, lambda: ANSWER
        assert read(length) == SERIES
        database.now, database.answer = 200, unreachable
        read(length)
    assert [log["action"] for log in logs] == ["queue_length"] * 2, "said once, until there was an answer"


def test_a_database_that_hangs_holds_no_scrape_up_for_long() -> None:
    answers = threading.Event()
    database = Database(lambda: ANSWER if answers.wait(30) else {})
    length = database.length(patience_seconds=0.1)
    started = time.monotonic()
    assert read(length) == {}
    database.now = 20
    assert read(length) == {}
    assert (database.asked, time.monotonic() - started < 5) == (1, True), "nobody else is sent to hang there"
    answers.set()


@pytest.mark.parametrize("answer", [{}, {**ANSWER, "due": None}, []])
def test_an_answer_that_is_none_is_not_counted(answer: Any) -> None:
    with capture_logs() as logs:
        assert read(Database(lambda: answer).length()) == {}
    assert [log["action"] for log in logs] == ["queue_length"]


def test_an_empty_queue_has_waited_for_nobody() -> None:
    series = read(Database(lambda: {**ANSWER, "oldest_wait_s": None}).length())
    assert series["arena_queue_oldest_wait_seconds"] == 0
