"""A job whose models' weights are not here yet, at the real store."""

import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tenacity import wait_none

from agent.download import Download
from agent.settings import Settings
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from tests.agent.agent_process import SCENES, make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.web import Request, Web
from tests.agent.weights_web import FileServer
from tests.agent.working import GOOD, OddComparison, finished, working

MODEL = "Trained_yolov5"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Download._insist.retry, "wait", wait_none())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights"


@pytest.fixture
def settings(stack_settings: MakeSettings, tmp_path: Path) -> Settings:
    return stack_settings(
        **make_workplace(tmp_path), ARENA_POLL_SECONDS=0.1, ARENA_LEASE_SECONDS=10, ARENA_CACHE_DIR=tmp_path / "cache"
    )


@pytest.fixture
def server(web: Web, tmp_path: Path, settings: Settings) -> FileServer:
    """One that has what the workplace's catalogue now lacks: the weights of MODEL."""
    here = tmp_path / f"{MODEL}.json"
    server = FileServer(web, here.read_bytes())
    here.unlink()
    catalogue = tmp_path / "catalogue.toml"
    named = f'file = "{MODEL}.json"\n'
    assert named in catalogue.read_text()
    catalogue.write_text(catalogue.read_text().replace(named, f'{named}url = "{server.url}"\n'))
    return server


def test_missing_weights_come_before_the_comparison(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue, server: FileServer, cache: Path
) -> None:
    here: list[bool] = []

    def compare() -> OddComparison:
        here.append((cache / f"{MODEL}.json").read_bytes() == server.content)
        return OddComparison(GOOD)

    jobs = [queue.insert(SCENES) for _ in range(2)]
    with capture_logs() as logs, working(settings, card, store, compare):
        rows = [queue.await_job(job, finished) for job in jobs]
    assert [row["status"] for row in rows] == ["succeeded"] * 2
    assert (here, len(server.ranges)) == ([True, True], 1)
    said = [(line["action"], line["model"]) for line in logs if line["action"] == "weights"]
    assert said == [("weights", MODEL)]


def test_the_lease_is_kept_and_the_progress_says_what_is_done(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue, server: FileServer
) -> None:
    def slow(request: Request) -> None:
        until(lambda: queue.job(job)["progress"]["phase"] == "weights", seconds=60)
        progress.append(queue.job(job)["progress"])
        server.answer(request)

    progress: list[dict[str, Any]] = []
    server.web.answers["/w.pt"] = slow
    job = queue.insert(SCENES)
    with working(settings, card, store, lambda: OddComparison(GOOD)):
        assert queue.await_job(job, finished)["status"] == "succeeded"
    assert progress == [{"phase": "weights", "fraction": 0.0, "model_id": MODEL, "done": 0, "total": 0}]


def test_a_cancelled_job_downloads_nothing_more(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue, server: FileServer, cache: Path
) -> None:
    asked = threading.Event()

    def stall(request: Request) -> None:
        asked.set()
        request.wait_for(server.web.closing)

    server.web.answers["/w.pt"] = stall
    job = queue.insert(SCENES)
    with working(settings, card, store, lambda: OddComparison(GOOD)):
        assert asked.wait(60)
        queue.run("select public.cancel_job(%s)", [job])
        server.web.answers["/w.pt"] = server.answer
        following = queue.insert(SCENES)
        assert queue.await_job(following, finished)["status"] == "succeeded"
    server.web.closing.set()
    assert queue.job(job)["status"] == "cancelled"


@pytest.mark.parametrize(("status", "code", "attempts"), [(503, "weights_unreachable", 2), (404, "weights_refused", 1)])
def test_a_server_in_trouble_is_tried_again_and_one_without_the_file_is_not(
    settings: Settings,
    card: AgentCard,
    store: SupabaseStore,
    queue: Queue,
    server: FileServer,
    status: int,
    code: str,
    attempts: int,
) -> None:
    server.web.answers["/w.pt"] = lambda request: request.send(status)
    job = queue.insert(SCENES, max_attempts=2)
    queue.run("update public.jobs set run_at = now() where id = %s", [job])
    with working(settings, card, store, lambda: OddComparison(GOOD)):
        row = queue.await_job(job, finished)
    assert (row["status"], row["error"]["code"], row["attempt"]) == ("failed", code, attempts)
    assert f"/w.pt: the server answered {status}" in row["error"]["message"]
    assert "hunter2" not in row["error"]["message"]


def test_wrong_weights_fail_the_job_for_good(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue, server: FileServer, cache: Path
) -> None:
    server.content = b"something else"
    job = queue.insert(SCENES)
    with working(settings, card, store, lambda: OddComparison(GOOD)):
        row = queue.await_job(job, finished)
    assert (row["status"], row["error"]["code"], row["attempt"]) == ("failed", "weights_mismatch", 1)
    assert [each.name for each in cache.iterdir() if not each.name.endswith(".lock")] == []
