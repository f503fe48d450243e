import threading

import pytest

from agent.crew import Crew
from agent.worker import Farewell, Worker


class Hand(Worker):
    """A worker that leaves when it is told to, or at once for a reason of its own."""

    def __init__(self, reason: Farewell | Exception | None = None) -> None:  # of a Worker's parts it has none
        self._reason = reason
        self._told = threading.Event()
        self.thread: threading.Thread | None = None
        self.stopped = False

    @property
    def device(self) -> str:
        return "cuda:0"

    def run(self) -> Farewell:
        self.thread = threading.current_thread()
        if isinstance(self._reason, Exception):
            raise self._reason
        if self._reason is None:
            assert self._told.wait(10)
        return self._reason or "told"

    def drain(self) -> None:
        self._told.set()

    def stop(self) -> None:
        self.stopped = True
        self.drain()


@pytest.mark.parametrize(
    ("reasons", "idle"),
    [(["idle"], True), (["idle", "idle", "idle"], True), (["idle", "told"], False), (["once"], False)],
)
def test_it_was_idle_if_all_were(reasons: list[Farewell], idle: bool) -> None:
    assert Crew().run([*map(Hand, reasons)]) is idle


def test_all_work_at_once_each_in_a_thread_of_its_own() -> None:
    hands, crew = [Hand() for _ in range(3)], Crew()
    threading.Timer(0.1, crew.stop).start()
    assert crew.run(hands) is False
    assert len({hand.thread for hand in hands}) == 3
    assert all(hand.stopped for hand in hands)


def test_one_that_breaks_down_sends_the_others_home_after_their_jobs() -> None:
    """Whatever runs the process starts it anew, with all of its workers."""
    hands = [Hand(), Hand(ValueError("broken")), Hand()]
    with pytest.raises(ValueError, match="broken"):
        Crew().run(hands)
    assert not any(hand.stopped for hand in hands)


def test_what_is_said_before_it_begins_counts() -> None:
    """A signal may come while the workers are still being made."""
    hand, crew = Hand(), Crew()
    crew.stop()
    assert crew.run([hand]) is False
    assert hand.stopped


def test_one_that_was_told_to_leave_as_it_left_by_itself_was_told() -> None:
    """A pod that somebody stops is not stopped by its agent too."""
    crew = Crew()

    class LeavesLate(Hand):
        def run(self) -> Farewell:
            crew.stop()
            return "idle"

    assert crew.run([LeavesLate()]) is False
    assert crew.was_told
