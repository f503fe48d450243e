"""When a worker counts as alive, and when as ready."""

from agent.telemetry.health import Health, WorkerHealth


class Clock:
    """Stands still unless it is put forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_worker_is_alive_for_two_minutes_after_a_beat() -> None:
    clock = Clock()
    health = Health(clock)
    worker, other = WorkerHealth(health, "cuda:0"), WorkerHealth(health, "cuda:1")
    worker.claims(None)
    clock.now = 100
    other.beat()
    clock.now = 120
    assert health.silent() == {"cuda:0": None, "cuda:1": None}
    clock.now = 121
    assert health.silent() == {"cuda:0": "No sign of life for 121 s.", "cuda:1": None}
    assert health.unready()["cuda:0"] == "No sign of life for 121 s.", "one that hangs claims nothing"
    worker.beat()
    assert health.unready() == {"cuda:0": None, "cuda:1": "It has not asked for a job yet."}


def test_one_that_has_left_is_waited_for_no_more() -> None:
    clock = Clock()
    health = Health(clock)
    worker = WorkerHealth(health, "cpu")
    worker.leave()
    clock.now = 999
    worker.beat()  # of a renewal that was under way
    worker.claims(None)
    assert (health.silent(), health.unready()) == ({}, {})


def test_a_claim_is_a_sign_of_life() -> None:
    clock = Clock()
    health = Health(clock)
    worker = WorkerHealth(health, "cpu")
    clock.now = 200
    worker.claims("Supabase cannot be reached.")
    assert health.silent() == {"cpu": None}
    assert health.unready() == {"cpu": "Supabase cannot be reached."}
