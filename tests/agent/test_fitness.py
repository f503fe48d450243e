from uuid import uuid4

import pytest

from agent.fitness import Fitness
from benchmark import DeviceReport


class Looks:
    """Gives what a test says, and counts how often it was asked."""

    def __init__(self, *problems: str | None) -> None:
        self._problems = list(problems)
        self.count = 0

    def __call__(self, should_stop: object) -> DeviceReport:
        self.count += 1
        return DeviceReport("cuda", self._problems.pop(0), "Do this.")


def test_a_device_that_can_be_used_is_looked_at_once() -> None:
    looks = Looks(None)
    fitness = Fitness(looks)
    assert [fitness.problem() for _ in range(3)] == [None] * 3
    assert looks.count == 1


def test_one_that_cannot_is_looked_at_again_after_a_while() -> None:
    looks = Looks("It is gone.", None)
    fitness = Fitness(looks)
    assert [fitness.problem() for _ in range(2)] == ["It is gone. Do this."] * 2
    assert looks.count == 1
    soon = Fitness(Looks("It is gone.", None), again_seconds=0)
    assert [soon.problem() for _ in range(3)] == ["It is gone. Do this.", None, None]


def test_after_a_doubt_it_is_looked_at_again() -> None:
    fitness = Fitness(Looks(None, "It is gone."))
    assert fitness.problem() is None
    job = uuid4()
    assert fitness.doubt(job)
    assert fitness.problem() == "It is gone. Do this."
    assert not fitness.doubt(job), "a job is excused once"
    assert fitness.doubt(uuid4())


def test_a_device_that_stays_unfit_is_looked_at_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("agent.fitness.time.monotonic", lambda: now[0])
    looks = Looks(*["It is gone."] * 20)
    fitness = Fitness(looks)
    for second in range(0, 3600, 10):
        now[0] = float(second)
        fitness.problem()
    assert looks.count == 4 + 5, "at 0, 1, 3 and 7 minutes, and from the 15th on every ten"
