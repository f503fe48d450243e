"""An agent whose device cannot be used, at the real store."""

from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import StoreUnavailable
from agent.fitness import Fitness
from agent.settings import Settings
from agent.shift import Shift
from agent.store import AgentCard, AgentStatus
from agent.supabase_store import SupabaseStore
from agent.wakeup import PollOnly
from agent.worker import Worker
from benchmark import DeviceReport, DeviceUnavailable
from tests.agent.agent_process import SCENES, make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.working import GOOD, OddComparison, finished, working, workplace_of


@pytest.fixture
def settings(stack_settings: MakeSettings, tmp_path: Path) -> Settings:
    return stack_settings(**make_workplace(tmp_path), ARENA_POLL_SECONDS=0.1)


class Device:
    """One that may break and be mended."""

    def __init__(self, problem: str | None = None) -> None:
        self.problem = problem
        self.looks = 0

    def look(self, should_stop: object) -> DeviceReport:
        self.looks += 1
        return DeviceReport("cuda", self.problem, "Mend it." if self.problem else None)


def test_an_agent_without_its_gpu_says_so_claims_nothing_and_goes_on_when_it_is_back(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    queue.run("delete from public.agents")  # those of other tests, which could run it
    device = Device("There is no GPU.")
    job = queue.insert(SCENES)
    with working(settings, card, store, lambda: OddComparison(GOOD), fitness=Fitness(device.look, again_seconds=0.2)):
        until(lambda: device.looks >= 3)
        (row,) = queue.run("select problem, models, status from public.live_agents where id = %s", [card.id])
        assert (row["problem"], row["models"], row["status"]) == ("There is no GPU. Mend it.", [], "idle")
        assert queue.job(job)["attempt"] == 0
        (waiting,) = queue.run("select waiting_for from public.waiting_jobs where job_id = %s", [job])
        assert waiting["waiting_for"] == "models"
        device.problem = None
        assert queue.await_job(job, finished)["status"] == "succeeded"
    (row,) = queue.run("select problem, models from public.agents where id = %s", [card.id])
    assert (row["problem"], row["models"]) == (None, list(card.models))


def test_a_gpu_that_goes_during_a_job_costs_no_attempt_of_any_job(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    device = Device()

    def lose_the_gpu() -> OddComparison:
        if device.looks == 1:
            device.problem = "The GPU is gone."
            raise DeviceUnavailable
        return OddComparison(GOOD)

    jobs = [queue.insert(SCENES, max_attempts=1) for _ in range(3)]
    with working(settings, card, store, lose_the_gpu, fitness=Fitness(device.look, again_seconds=0.2)):
        until(lambda: device.looks >= 3)
        assert {(row["status"], row["attempt"]) for row in map(queue.job, jobs)} == {("pending", 0)}
        device.problem = None
        assert {queue.await_job(job, finished)["status"] for job in jobs} == {"succeeded"}


def test_an_agent_without_its_gpu_leaves_when_idle_for_so_long(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    queue.insert(SCENES)
    fitness = Fitness(Device("There is no GPU.").look)
    workplace = workplace_of(settings, store, lambda: OddComparison(GOOD), fitness)
    assert Worker(settings, card, workplace, PollOnly(), Shift(idle_exit_seconds=0.5)).run() == "idle"


def test_a_job_that_always_misses_the_device_is_given_back_once_and_then_spends_its_attempts(
    settings: Settings, card: AgentCard, store: SupabaseStore, queue: Queue
) -> None:
    """Though the device is well whenever it is looked at, nothing goes round for ever."""

    def miss() -> OddComparison:
        raise DeviceUnavailable

    job = queue.insert(SCENES, max_attempts=1)
    with working(settings, card, store, miss, fitness=Fitness(Device().look)):
        row = queue.await_job(job, finished)
    assert (row["status"], row["error"]["code"]) == ("failed", "device_unavailable")
    attempts = queue.run("select outcome from public.job_attempts order by started_at")
    assert [attempt["outcome"] for attempt in attempts] == ["released", "failed"]


def test_an_agent_that_could_not_say_that_it_is_fit_again_says_so_later(
    settings: Settings, card: AgentCard, queue: Queue
) -> None:
    class Once(SupabaseStore):
        lost = False

        def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
            if device.problem is None and not self.lost:
                self.lost = True
                raise StoreUnavailable
            super().register(status, problem)

    device = Device("There is no GPU.")
    with (
        closing(Once(settings, card)) as store,
        working(settings, card, store, lambda: OddComparison(GOOD), fitness=Fitness(device.look, again_seconds=0.1)),
    ):
        until(lambda: bool(queue.run("select 1 as one from public.agents where problem is not null")))
        device.problem = None
        until(lambda: not queue.run("select 1 as one from public.agents where problem is not null"))
    assert store.lost
