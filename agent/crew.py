"""The workers of one process, one a device."""

import threading
from collections.abc import Callable, Sequence

import structlog
from structlog.contextvars import bound_contextvars

from agent.worker import Farewell, Worker

_log = structlog.stdlib.get_logger(__name__)


class Crew:
    """Runs its workers side by side. Where one of them breaks down, the others finish their jobs and leave too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: Sequence[Worker] = ()
        self._told: list[Callable[[Worker], None]] = []
        self._farewells: list[Farewell] = []
        self._broken: list[BaseException] = []

    def run(self, workers: Sequence[Worker]) -> bool:
        """Work until all have left; whether every one of them left because there was nothing to do.

        What was said before counts too. Raises what the first to break down raised: whatever runs this process starts
        it anew.
        """
        with self._lock:
            self._workers = workers
            for say in self._told:
                _tell(workers, say)
        first, *others = workers
        threads = [threading.Thread(target=self._run, args=[worker], name="worker") for worker in others]
        for thread in threads:
            thread.start()
        self._run(first)
        for thread in threads:
            thread.join()
        if self._broken:
            raise self._broken[0]
        return not self._told and all(farewell == "idle" for farewell in self._farewells)

    @property
    def was_told(self) -> bool:
        """Whether it was told to leave, by now."""
        return bool(self._told)

    def stop(self) -> None:
        """Give the current jobs back and leave."""
        self._say(lambda worker: worker.stop())

    def drain(self) -> None:
        """Finish the current jobs and leave."""
        self._say(lambda worker: worker.drain())

    def _say(self, say: Callable[[Worker], None]) -> None:
        with self._lock:
            self._told.append(say)
            _tell(self._workers, say)

    def _run(self, worker: Worker) -> None:
        try:
            with bound_contextvars(**({"device": worker.device} if len(self._workers) > 1 else {})):
                self._farewells.append(worker.run())
        except BaseException as error:
            _log.critical("a worker has broken down; the others finish their jobs", action="worker_broken")
            self._broken.append(error)
            self.drain()


def _tell(workers: Sequence[Worker], say: Callable[[Worker], None]) -> None:
    for worker in workers:
        say(worker)
