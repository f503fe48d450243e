"""A Worker in a thread, with comparisons that end as a test wants."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from agent.attempt import Workplace
from agent.commands.agent import weights_source
from agent.fitness import Fitness
from agent.images import ImageSource
from agent.job_watch import NobodyWatches
from agent.settings import Settings
from agent.store import AgentCard, JobStore
from agent.wakeup import PollOnly, Wakeup
from agent.worker import Worker
from benchmark import Arena, Cancelled, DeviceReport, load_catalogue

GOOD = {"model_a_metrics": {}, "model_b_metrics": {}, "winner": "tie", "verdict": {}, "environment": {}}


def finished(row: dict[str, Any]) -> bool:
    return row["finished_at"] is not None


class OddArena:
    """An Arena whose comparisons end as a test wants."""

    def __init__(self, compare: Callable[[], Any]) -> None:
        self._compare = compare

    def compare(self, *_: object, **__: object) -> Any:
        return self._compare()

    def end_idle(self) -> None:
        """It keeps nothing warm."""


class BusyArena:
    """An Arena that is at work until an event is set, or until it has to stop; then all went well."""

    def __init__(self, done: threading.Event) -> None:
        self._done = done
        self.started = threading.Event()
        self.stopped = threading.Event()

    def compare(self, *_: object, should_stop: Callable[[], bool], **__: object) -> Any:
        self.started.set()
        while not self._done.wait(0.01):
            if should_stop():
                self.stopped.set()
                raise Cancelled
        return OddComparison(GOOD)


class OddComparison:
    """One whose row is what a test wants."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row

    def to_row(self) -> dict[str, Any]:
        return self._row

    def image_rows(self) -> list[dict[str, Any]]:
        return []


def fit() -> Fitness:
    """Of a device that can be used."""
    return Fitness(lambda _: DeviceReport("cpu"))


def workplace_of(
    settings: Settings, store: JobStore, compare: Callable[[], Any] | BusyArena, fitness: Fitness | None = None
) -> Workplace:
    """With an Arena that is none."""
    arena = compare if isinstance(compare, BusyArena) else OddArena(compare)
    return Workplace(
        store=store,
        images=ImageSource(settings),
        weights=weights_source(settings, load_catalogue(settings.catalogue)),
        arena=cast(Arena, arena),
        fitness=fitness or fit(),
        watch=NobodyWatches(),
    )


@contextmanager
def working(
    settings: Settings,
    card: AgentCard,
    store: JobStore,
    compare: Callable[[], Any] | BusyArena,
    wakeup: Wakeup | None = None,
    fitness: Fitness | None = None,
    **more: Any,
) -> Iterator[tuple[Worker, threading.Thread]]:
    """A Worker in a thread, with an Arena that is none; it polls unless there is a wake-up."""
    workplace = workplace_of(settings, store, compare, fitness)
    worker = Worker(settings, card, workplace, wakeup or PollOnly(), **more)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker, thread
    finally:
        worker.stop()
        thread.join(60)
    assert not thread.is_alive()
