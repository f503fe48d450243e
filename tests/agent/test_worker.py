"""The agent's loop at the real store, with comparisons that end as a test wants."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from agent.errors import KeyRefused, NotMigrated, RequestRefused, StoreError, StoreUnavailable
from agent.job import Lease
from agent.lease_keeper import PROGRESS_SECONDS
from agent.settings import Settings
from agent.shift import Shift
from agent.store import AgentCard, AgentStatus
from agent.supabase_store import SupabaseStore
from agent.wakeup import PollOnly
from agent.worker import Worker
from benchmark import Cancelled, HostDied
from local import LocalStack
from tests.agent.agent_process import SCENES, make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.web import Request, Web
from tests.agent.working import GOOD, OddComparison, finished, working, workplace_of


@pytest.fixture
def settings(stack_settings: MakeSettings, tmp_path: Path) -> Settings:
    return stack_settings(**make_workplace(tmp_path), ARENA_POLL_SECONDS=0.1)


def test_an_error_that_nobody_foresaw_ends_one_job(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    def fail() -> None:
        raise RuntimeError("sb_secret_inside")

    jobs = [queue.insert(SCENES, max_attempts=1) for _ in range(2)]
    with working(settings, card, store, fail):
        rows = [queue.await_job(job, finished) for job in jobs]
    assert {row["error"]["code"] for row in rows} == {"internal_error"}
    assert all("unexpected RuntimeError" in row["error"]["message"] for row in rows)


@pytest.mark.parametrize(
    "row",
    [
        {**GOOD, "winner": "nobody"},
        {**GOOD, "verdict": {"difference": float("nan")}},
        {**GOOD, "environment": {"weights": Path("x")}},
        {**GOOD, "environment": {"cpu": "null byte \0"}},
    ],
    ids=["wrong winner", "not a number", "no JSON", "null byte"],
)
def test_a_result_that_cannot_be_written_fails_the_job(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue, row: dict[str, Any]
) -> None:
    job = queue.insert(SCENES)
    with working(settings, card, store, lambda: OddComparison(row)):
        ended = queue.await_job(job, finished)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "result_refused")


def test_an_agent_that_the_database_forgot_registers_again(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    with working(settings, card, store, lambda: OddComparison(GOOD)):
        queue.run("delete from public.agents where id = %s", [card.id])
        job = queue.insert(SCENES)
        assert queue.await_job(job, finished)["status"] == "succeeded"


def test_stopping_does_not_wait_for_a_project_that_is_away(
    settings: Settings, card: AgentCard, stack: LocalStack, web: Web, queue: Queue
) -> None:
    def pass_on(request: Request) -> None:
        request.pass_on(stack.url)

    for name in ("register_agent", "claim_job", "renew_lease"):
        web.answers[f"/rest/v1/rpc/{name}"] = pass_on
    web.answers["/rest/v1/rpc/complete_job"] = lambda request: request.send(503)
    away = settings.model_copy(update={"supabase_url": web.url()})
    store = SupabaseStore(away, card)
    job = queue.insert(SCENES)
    with working(away, card, store, lambda: OddComparison(GOOD)) as (worker, thread):
        until(lambda: web.asked["/rest/v1/rpc/complete_job"] >= 1)
        for name in ("register_agent", "renew_lease", "release_job"):
            web.answers[f"/rest/v1/rpc/{name}"] = lambda request: request.send(503)
        started = time.monotonic()
        worker.stop()
        thread.join(60)
        assert time.monotonic() - started < settings.lease_seconds / 2
    store.close()
    assert queue.job(job)["status"] == "running"


def test_the_same_request_is_asked_until_it_is_answered(
    settings: Settings, card: AgentCard, stack: LocalStack, web: Web, queue: Queue
) -> None:
    """A claim whose replies are lost for longer than the store tries must not take a second job."""

    def lose_six_replies(request: Request) -> None:
        if web.asked[request.path] <= 6:
            request.send_on(stack.url)
            request.hang_up()
        else:
            request.pass_on(stack.url)

    for name in ("register_agent", "renew_lease", "complete_job"):
        web.answers[f"/rest/v1/rpc/{name}"] = lambda request: request.pass_on(stack.url)
    web.answers["/rest/v1/rpc/claim_job"] = lose_six_replies
    jobs = [queue.insert(SCENES) for _ in range(2)]
    through = settings.model_copy(update={"supabase_url": web.url()})
    store = SupabaseStore(through, card)
    with working(through, card, store, lambda: OddComparison(GOOD)):
        rows = [queue.await_job(job, finished) for job in jobs]
    store.close()
    assert [(row["status"], row["attempt"]) for row in rows] == [("succeeded", 1)] * 2
    attempts = queue.run("select request_id from public.job_attempts")
    assert len({attempt["request_id"] for attempt in attempts}) == len(attempts) == 2


class OddStore(SupabaseStore):
    """The real store, whose first ``complete`` ends as a test wants."""

    def __init__(self, settings: Settings, card: AgentCard, spoil: Callable[[Callable[[], str]], str]) -> None:
        super().__init__(settings, card)
        self._spoil: Callable[[Callable[[], str]], str] | None = spoil
        self.outcomes: list[str] = []

    def complete(self, *arguments: Any, **named: Any) -> Any:
        write = partial(super().complete, *arguments, **named)
        spoil, self._spoil = self._spoil, None
        self.outcomes.append(spoil(write) if spoil else write())
        return self.outcomes[-1]


@pytest.mark.parametrize("error", [KeyRefused, NotMigrated, StoreUnavailable])
def test_a_result_that_meets_a_passing_error_is_written_the_second_time(
    settings: Settings, card: AgentCard, queue: Queue, error: type[StoreError]
) -> None:
    def refuse(_write: Callable[[], str]) -> str:
        raise error

    job = queue.insert(SCENES)
    with (
        closing(OddStore(settings, card, refuse)) as store,
        working(settings, card, store, lambda: OddComparison(GOOD)),
    ):
        assert queue.await_job(job, finished)["status"] == "succeeded"


def test_a_result_whose_reply_is_lost_is_asked_for_again_though_the_lease_is_gone(
    settings: Settings, card: AgentCard, queue: Queue
) -> None:
    def lose_the_reply(write: Callable[[], str]) -> str:
        assert write() == "completed"
        time.sleep(PROGRESS_SECONDS + 1)  # the keeper hears "lost" meanwhile
        raise StoreUnavailable

    job = queue.insert(SCENES)
    with (
        closing(OddStore(settings, card, lose_the_reply)) as store,
        working(settings, card, store, lambda: OddComparison(GOOD)),
    ):
        until(lambda: store.outcomes == ["completed"])
    assert queue.job(job)["status"] == "succeeded"


def test_an_answer_of_another_version_does_not_end_the_agent(settings: Settings, card: AgentCard, queue: Queue) -> None:
    class StrangeStore(SupabaseStore):
        strange = True

        def _call_once(self, function: str, **arguments: Any) -> Any:
            if function == "claim_job" and self.strange:
                self.strange = False
                return [{"job": "no such column"}]
            return super()._call_once(function, **arguments)

    job = queue.insert(SCENES)
    with (
        closing(StrangeStore(settings, card)) as store,
        working(settings, card, store, lambda: OddComparison(GOOD)),
    ):
        assert queue.await_job(job, finished)["status"] == "succeeded"


def test_a_release_that_is_refused_does_not_fail_the_job(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_lease: Lease) -> str:
        raise RequestRefused

    def cancel() -> None:
        raise Cancelled

    monkeypatch.setattr(store, "release", refuse)
    job = queue.insert(SCENES)
    with working(settings, card, store, cancel):
        until(lambda: queue.job(job)["status"] == "running")
    assert queue.job(job)["status"] == "running"  # its lease runs out, and another agent takes it


def test_a_result_that_cannot_be_put_together_ends_one_job(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    class Broken(OddComparison):
        def to_row(self) -> dict[str, Any]:
            raise ValueError("no row")

    jobs = [queue.insert(SCENES) for _ in range(2)]
    with working(settings, card, store, lambda: Broken(GOOD)):
        rows = [queue.await_job(job, finished) for job in jobs]
    assert {row["error"]["code"] for row in rows} == {"result_refused"}


def test_a_job_whose_hosts_were_struck_by_what_stops_the_agent_is_given_back(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    """A signal to the whole group of processes, as some supervisors send it."""
    stopped = threading.Event()

    def die() -> None:
        stopped.wait(30)
        raise HostDied

    job = queue.insert(SCENES)
    with working(settings, card, store, die) as (worker, thread):
        queue.await_job(job, lambda row: row["status"] == "running")
        worker.stop()
        stopped.set()
        thread.join(30)
    row = queue.job(job)
    assert (row["status"], row["attempt"], row["error"]) == ("pending", 0, None)


def test_an_agent_that_leaves_when_idle_looks_first_and_last(settings: Settings, card: AgentCard, queue: Queue) -> None:
    """However long registering took, and though the next poll would come too late."""

    class Slow(SupabaseStore):
        claims = 0

        def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
            time.sleep(0.6)
            super().register(status, problem)

        def claim(self, request_id: UUID) -> Lease | None:
            self.claims += 1
            return super().claim(request_id)

    with closing(Slow(settings, card)) as store:
        patient = settings.model_copy(update={"poll_seconds": 60.0})
        workplace = workplace_of(patient, store, lambda: OddComparison(GOOD))
        shift = Shift(idle_exit_seconds=0.5)
        assert Worker(patient, card, workplace, PollOnly(), shift).run() == "idle"
        assert store.claims == 2


def test_an_error_of_the_store_that_nobody_foresaw_is_tried_again(
    settings: Settings, card: AgentCard, queue: Queue
) -> None:
    class Strange(SupabaseStore):
        strange = 2

        def claim(self, request_id: UUID) -> Lease | None:
            self.strange -= 1
            if self.strange >= 0:
                raise RecursionError
            return super().claim(request_id)

    job = queue.insert(SCENES)
    with closing(Strange(settings, card)) as store, working(settings, card, store, lambda: OddComparison(GOOD)):
        assert queue.await_job(job, finished)["status"] == "succeeded"


class Away(SupabaseStore):
    """One whose claims fail until it is back."""

    def __init__(self, settings: Settings, card: AgentCard, error: type[StoreError] = StoreUnavailable) -> None:
        super().__init__(settings, card)
        self.error: type[StoreError] | None = error
        self.claims = 0

    def claim(self, request_id: UUID) -> Lease | None:
        self.claims += 1
        if self.error:
            raise self.error
        return super().claim(request_id)


def test_draining_in_an_outage_ends_the_agent_at_once_and_takes_no_job(
    settings: Settings, card: AgentCard, queue: Queue
) -> None:
    job = queue.insert(SCENES)
    patient = settings.model_copy(update={"poll_seconds": 60.0})
    with (
        closing(Away(patient, card)) as store,
        working(patient, card, store, lambda: OddComparison(GOOD)) as (worker, thread),
    ):
        until(lambda: store.claims >= 2)  # now it pauses for seconds
        store.error = None
        worker.drain()
        thread.join(20)
        assert not thread.is_alive()
    row = queue.job(job)
    assert (row["status"], row["attempt"]) == ("pending", 0)


def test_an_agent_whose_claims_are_refused_leaves_when_idle_all_the_same(
    settings: Settings, card: AgentCard, queue: Queue
) -> None:
    with closing(Away(settings, card, RequestRefused)) as store:
        workplace = workplace_of(settings, store, lambda: OddComparison(GOOD))
        shift = Shift(idle_exit_seconds=1.0)
        assert Worker(settings, card, workplace, PollOnly(), shift).run() == "idle"
        assert store.claims >= 2
    (row,) = queue.run("select status from public.agents where id = %s", [card.id])
    assert row["status"] == "stopped"


def test_results_are_told_of_at_the_start_and_after_each_result_before_the_next_claim(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    told: list[int] = []

    def on_results(should_stop: Callable[[], bool]) -> None:
        assert not should_stop()
        told.append(queue.run("select count(*) as ended from public.jobs where status = 'succeeded'")[0]["ended"])

    with working(settings, card, store, lambda: OddComparison(GOOD), on_results=on_results):
        until(lambda: told == [0])
        for _ in range(2):
            queue.insert(SCENES)
        until(lambda: told == [0, 1, 2])


def test_an_attempt_without_a_result_is_not_told_of(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    def fail() -> None:
        raise RuntimeError

    told: list[object] = []
    with working(settings, card, store, fail, on_results=told.append):
        queue.await_job(queue.insert(SCENES, max_attempts=1), finished)
    assert len(told) == 1, "at the start"


def test_who_looks_at_results_learns_that_the_agent_stops(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    looking = threading.Event()

    def on_results(should_stop: Callable[[], bool]) -> None:
        looking.set()
        until(should_stop)

    with working(settings, card, store, lambda: OddComparison(GOOD), on_results=on_results) as (worker, thread):
        assert looking.wait(30)
        worker.stop()
        thread.join(10)
        assert not thread.is_alive()
