from agent.fitness import Fitness
from benchmark import DeviceReport


class Looks:
    """Gives what a test says, and counts how often it was asked."""

    def __init__(self, *problems: str | None) -> None:
        self._problems = list(problems)
        self.count = 0

    def __call__(self) -> DeviceReport:
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
    fitness.doubt()
    assert fitness.problem() == "It is gone. Do this."
