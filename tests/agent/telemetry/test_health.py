"""When a worker counts as alive, and when as ready."""

from dataclasses import replace
from pathlib import Path

from agent.store import AgentCard
from agent.telemetry.health import Health, WorkerHealth
from agent.wakeup import PollOnly
from agent.worker import Worker
from tests.agent.agent_process import make_workplace
from tests.agent.conftest import MakeSettings
from tests.agent.memory_store import MemoryQueue, MemoryStore
from tests.agent.working import workplace_of


class Clock:
    """Stands still unless it is put forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def worker_of(health: Health, device: str) -> WorkerHealth:
    """One that is there."""
    health.join(device)
    return WorkerHealth(health, device)


def test_a_worker_is_alive_for_two_minutes_after_a_beat() -> None:
    clock = Clock()
    health = Health(clock)
    worker, other = worker_of(health, "cuda:0"), worker_of(health, "cuda:1")
    worker.claims(None)
    clock.now = 100
    other.beat()
    clock.now = 120
    assert health.silent() == {"cuda:0": None, "cuda:1": None}
    assert health.is_alive()
    clock.now = 121
    assert health.silent() == {"cuda:0": "No sign of life for 121 s.", "cuda:1": None}
    assert not health.is_alive()
    assert health.unready()["cuda:0"] == "No sign of life for 121 s.", "one that hangs claims nothing"
    worker.beat()
    assert health.unready() == {"cuda:0": None, "cuda:1": "It has not asked for a job yet."}


def test_a_worker_has_five_minutes_to_begin_and_then_two_between_beats() -> None:
    clock = Clock()
    health = Health(clock)
    for device in ("cuda:0", "cuda:1"):
        health.join(device)
    clock.now = 200
    first = worker_of(health, "cuda:0")  # it is built, and waits for the other one
    clock.now = 300
    assert health.is_alive()
    first.beat()
    clock.now = 301
    assert health.silent() == {"cuda:0": None, "cuda:1": "It has been starting for 301 s."}
    assert not health.is_alive()
    worker_of(health, "cuda:1").beat()
    assert health.is_alive()
    clock.now = 422
    assert health.silent() == {"cuda:0": "No sign of life for 122 s.", "cuda:1": "No sign of life for 121 s."}


def test_a_process_that_never_has_a_worker_is_not_alive_for_ever() -> None:
    clock = Clock()
    health = Health(clock)
    clock.now = 300
    assert health.is_alive()
    clock.now = 301
    assert not health.is_alive()


def test_one_that_has_left_is_waited_for_no_more() -> None:
    clock = Clock()
    health = Health(clock)
    worker = worker_of(health, "cpu")
    worker.leave()
    clock.now = 999
    worker.beat()  # of a renewal that was under way
    worker.claims(None)
    assert (health.silent(), health.unready(), health.is_alive()) == ({}, {}, True)


def test_a_claim_is_a_sign_of_life() -> None:
    clock = Clock()
    health = Health(clock)
    worker = worker_of(health, "cpu")
    clock.now = 400
    worker.claims("Supabase cannot be reached.")
    assert health.silent() == {"cpu": None}
    assert health.unready() == {"cpu": "Supabase cannot be reached."}


def test_a_worker_that_leaves_is_not_made_ready_by_a_claim_that_was_under_way(
    bare_settings: MakeSettings, card: AgentCard, tmp_path: Path
) -> None:
    settings = bare_settings(**make_workplace(tmp_path))
    health = Health()
    watch = worker_of(health, "cpu")
    workplace = workplace_of(settings, MemoryStore(MemoryQueue(), card), lambda: None)
    Worker(settings, card, replace(workplace, watch=watch), PollOnly()).drain()
    watch.claims(None)
    assert health.unready() == {"cpu": "It is leaving."}
