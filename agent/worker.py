"""The agent's loop: claim, fetch, compare, complete."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import structlog

from agent.claimer import Claimer
from agent.errors import JobError, RequestRefused, StoreError, TimeLimit
from agent.fetching import Source, fetching
from agent.job import Lease
from agent.lease_keeper import LeaseKeeper
from agent.log import scrub
from agent.settings import Settings
from agent.store import AgentCard, JobStore
from agent.wakeup import Wakeup
from agent.weights import Arrival, WeightsSource
from benchmark import Arena, BenchmarkError, Cancelled, Comparison, Options

_log = structlog.stdlib.get_logger(__name__)
_T = TypeVar("_T")

_WRITE_PAUSE_SECONDS = 0.5
_LEAVE_SECONDS = 2.5
"""For how long a stopping agent tries to give its job back."""

_WRITE_SECONDS = 300.0
"""For how long a job's end is tried to be written while its lease can still be renewed."""

_LEFT = "left to its lease"
_NOTHING_WRITTEN = {"lost", "expired", _LEFT}


@dataclass(frozen=True)
class Shift:
    """When an agent leaves by itself."""

    once: bool = False
    """After one job."""
    idle_exit_seconds: float = math.inf
    """When no job has come for so long."""


ENDLESS = Shift()


class Worker:
    """Works through the queue until told to leave; no job and no error ends it."""

    def __init__(
        self,
        settings: Settings,
        card: AgentCard,
        store: JobStore,
        wakeup: Wakeup,
        images: Source,
        weights: WeightsSource,
        arena: Arena,
        shift: Shift = ENDLESS,
        on_stuck: Callable[[], object] = lambda: None,
        on_results: Callable[[Callable[[], bool]], object] = lambda _should_stop: None,
    ) -> None:
        """`on_results` is called between two jobs, where there may be results that it has not seen.

        It is handed what tells it to stop: the next claim, or the end, waits for it.
        """
        self._settings, self._card = settings, card
        self._store, self._wakeup, self._images, self._arena = store, wakeup, images, arena
        self._weights = weights
        self._shift, self._on_stuck, self._on_results = shift, on_stuck, on_results
        self._claimer = Claimer(store, settings.lease_seconds, settings.time_limit_seconds)
        self._leaving = threading.Event()
        self._stopping = threading.Event()
        self._leave_by = math.inf
        self._idle_since = time.monotonic()

    def stop(self) -> None:
        """Give the current job back and leave."""
        self._leave_by = time.monotonic() + _LEAVE_SECONDS
        self._stopping.set()
        self.drain()

    def drain(self) -> None:
        """Finish the current job and leave."""
        self._leaving.set()
        self._wakeup.wake()

    def run(self) -> None:
        """Work until told to leave, or until the shift is over."""
        if self._insist(self._register):
            self._on_results(self._stopping.is_set)
            self._idle_since = time.monotonic()
        while not self._leaving.is_set():
            lease = self._insist(self._claim)
            if lease is not None:
                self._work(lease)
            elif self._leaving.is_set() or self._idle_left() <= 0:
                break
            else:
                # Never longer than a poll, with room for the claim itself.
                self._pause(self._settings.poll_seconds)
        self._say_goodbye()

    def _pause(self, longest_seconds: float) -> None:
        """Sleep, not beyond the end of the shift; a wake-up ends it."""
        self._wakeup.wait(max(0.0, min(longest_seconds * random.uniform(0.7, 0.95), self._idle_left())))

    def _idle_left(self) -> float:
        """Seconds until the agent has been idle for too long."""
        return self._idle_since + self._shift.idle_exit_seconds - time.monotonic()

    def _insist(self, call: Callable[[], _T]) -> _T | None:
        """Call until it succeeds or the agent leaves; the pause between tries grows to that of a poll."""
        pause = min(1.0, self._settings.poll_seconds)
        while not self._leaving.is_set():
            try:
                return call()
            except Exception as error:
                kind, unforeseen = type(error).__name__, not isinstance(error, StoreError)
                _log.error(str(error), action="store_failed", kind=kind, retry_in_s=pause, exc_info=unforeseen)
            if self._idle_left() <= 0:
                break
            # Realtime may be back before the pause is over, and then so is the rest.
            self._pause(pause)
            pause = min(2 * pause, self._settings.poll_seconds)
        return None

    def _register(self) -> bool:
        self._store.register()
        _log.info("ready", action="ready", agent=self._card.name, models=list(self._card.models))
        if not self._card.models:
            _log.warning("no model can run here, so no job is claimed; `arena models` says why", action="no_models")
        return True

    def _claim(self) -> Lease | None:
        try:
            return self._claimer.claim()
        except RequestRefused:
            # The agent's row is gone if the database was set up anew meanwhile.
            self._register()
            raise

    def _work(self, lease: Lease) -> None:
        with structlog.contextvars.bound_contextvars(job=str(lease.job_id), attempt=lease.attempt):
            _log.info(
                "claimed",
                action="claimed",
                models=[lease.model_a, lease.model_b],
                images=len(lease.images),
                waited_ms=round(lease.waited_ms, 1),
            )
            with (
                LeaseKeeper(self._store, lease, on_stuck=self._on_stuck) as keeper,
                self._wakeup.watching(lease.job_id, keeper.renew_now),
            ):
                outcome = self._end(lease, keeper)
            level = logging.WARNING if outcome in _NOTHING_WRITTEN else logging.INFO
            _log.log(level, f"job {outcome}", action="job_over", outcome=outcome)
        if outcome == "completed" and not self._stopping.is_set():
            self._on_results(self._stopping.is_set)
        self._idle_since = time.monotonic()
        if self._shift.once:
            self._leaving.set()

    def _end(self, lease: Lease, keeper: LeaseKeeper) -> str:
        """Do the job and write how it ended; returns what became of it."""
        try:
            write = self._attempt(lease, keeper)
            keeper.work_is_over()
            return self._write(write, keeper)
        except Exception as error:
            _log.error(str(error), action="write_refused", exc_info=not isinstance(error, StoreError))
        return _LEFT

    def _attempt(self, lease: Lease, keeper: LeaseKeeper) -> Callable[[], str]:
        """Do the job; returns what is to be written about it."""
        try:
            comparison = self._compare(lease, keeper)
        except Cancelled:
            if keeper.time_is_up():
                return self._failure(lease, TimeLimit.code, str(TimeLimit()), transient=TimeLimit.transient)
            return partial(self._store.release, lease)
        except (BenchmarkError, JobError) as error:
            notes = [scrub(note) for note in getattr(error, "__notes__", [])]
            _log.warning(scrub(str(error)), action="attempt_failed", code=error.code, notes=notes)
            if error.transient and self._stopping.is_set():
                return partial(self._store.release, lease)  # what stops the agent may have struck its Hosts too
            return self._failure(lease, error.code, str(error), transient=error.transient)
        except Exception as error:
            _log.exception("unexpected error", action="attempt_failed")
            message = f"The agent met an unexpected {type(error).__name__}; its log has more."
            return self._failure(lease, "internal_error", message, transient=True)
        return partial(self._complete, lease, comparison)

    def _compare(self, lease: Lease, keeper: LeaseKeeper) -> Comparison:
        options = Options.parse(lease.options)
        images = lease.job_images()
        keeper.report({"phase": "fetch", "fraction": 0.0, "total": len(images)})

        def should_stop() -> bool:
            return self._stopping.is_set() or keeper.must_stop()

        with (
            TemporaryDirectory(prefix="arena-") as folder,
            fetching(self._images, images, Path(folder), should_stop) as entries,
        ):
            self._bring_weights(lease, keeper, should_stop)
            return self._arena.compare(
                lease.model_a,
                lease.model_b,
                entries,
                options,
                on_progress=lambda progress: keeper.report(progress.to_json()),
                should_stop=should_stop,
            )

    def _bring_weights(self, lease: Lease, keeper: LeaseKeeper, should_stop: Callable[[], bool]) -> None:
        """Download what the job's models lack."""
        on_the_way: set[str] = set()

        def on_arrival(arrival: Arrival) -> None:
            if arrival.model_id not in on_the_way:
                on_the_way.add(arrival.model_id)
                _log.info("downloading weights", action="weights", model=arrival.model_id, file=arrival.file)
            keeper.report(arrival.to_json())

        self._weights.bring([lease.model_a, lease.model_b], on_arrival, should_stop)
        if on_the_way:
            _log.info("the weights are here", action="weights_here", models=sorted(on_the_way))

    def _complete(self, lease: Lease, comparison: Comparison) -> str:
        """Write the result; one that Supabase will not have, or that is not JSON, fails the job."""
        try:
            return self._store.complete(lease, comparison.to_row(), comparison.image_rows())
        except (RequestRefused, ValueError, TypeError) as error:
            _log.error(str(error), action="result_refused", exc_info=not isinstance(error, StoreError))
            message = f"Supabase refused the result: {error}"
        return self._failure(lease, "result_refused", message, transient=False)()

    def _failure(self, lease: Lease, code: str, message: str, *, transient: bool) -> Callable[[], str]:
        error: dict[str, Any] = {"code": code, "message": scrub(message)}
        return partial(self._store.fail, lease, error, transient=transient)

    def _write(self, write: Callable[[], str], keeper: LeaseKeeper) -> str:
        """Tell the store, and ask again for as long as the lease may be held.

        Once tried, it is asked again even if the keeper has heard that the lease is gone: that may be this very
        write, whose reply was lost. Raises RequestRefused.
        """
        if keeper.is_gone():
            return keeper.ended or "expired"
        give_up_at = time.monotonic() + _WRITE_SECONDS
        while True:
            try:
                return write()
            except RequestRefused:
                raise
            except StoreError as error:
                _log.warning(str(error), action="write_failed")
            if keeper.expired() or time.monotonic() > min(give_up_at, self._leave_by):
                return _LEFT
            time.sleep(_WRITE_PAUSE_SECONDS)

    def _say_goodbye(self) -> None:
        for goodbye in (self._claimer.give_back, partial(self._store.register, "stopped")):
            try:
                goodbye()
            except Exception as error:
                _log.warning(str(error), action="goodbye_failed", exc_info=not isinstance(error, StoreError))
        _log.info("stopped", action="stopped")
