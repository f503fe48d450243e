"""Asks what may hang."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Patient(Generic[_T]):
    """Asks in a thread of its own, and waits for so long and no longer. For any thread.

    Whoever asks meanwhile waits for the same answer, so that no second thread is sent where one hangs.
    """

    def __init__(self, question: Callable[[], _T], seconds: float, name: str) -> None:
        """`name` is the thread's."""
        self._question, self._seconds, self._name = question, seconds, name
        self._lock = threading.Lock()
        self._answer: Future[_T] | None = None
        self._give_up_at = 0.0

    def ask(self) -> _T:
        """The answer. Raises TimeoutError, and what the question raises."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer, self._give_up_at = Future(), time.monotonic() + self._seconds
                threading.Thread(target=self._wait, args=[self._answer], name=self._name, daemon=True).start()
            answer, left = self._answer, self._give_up_at - time.monotonic()
        return answer.result(timeout=max(0.0, left))

    def _wait(self, answer: "Future[_T]") -> None:
        try:
            answer.set_result(self._question())
        except Exception as error:
            answer.set_exception(error)
