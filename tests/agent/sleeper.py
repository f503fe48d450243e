"""One who sleeps until a wake-up ends it."""

import threading
import time
from collections.abc import Callable

from agent.wakeup import PollOnly

LONG_SECONDS = 60.0


class Sleeper:
    """Sleeps long, over and over, as an agent that nothing comes for; counts how often it was woken."""

    def __init__(self, wakeup: PollOnly) -> None:
        self._wakeup = wakeup
        self._leaving = False
        self.woken = 0
        self._thread = threading.Thread(target=self._sleep)

    def __enter__(self) -> "Sleeper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving = True
        self._wakeup.wake()
        self._thread.join()

    def _sleep(self) -> None:
        while not self._leaving:
            self._wakeup.wait(LONG_SECONDS)
            self.woken += 1

    def wakes_within(self, seconds: float, because: Callable[[], object]) -> bool:
        before, deadline = self.woken, time.monotonic() + seconds
        because()
        while self.woken == before and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.woken > before


def realtime_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "realtime"]
