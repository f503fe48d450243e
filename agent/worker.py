"""The agent's loop: claim, work, claim again."""

import logging
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeVar

import structlog

from agent.attempt import LEFT, Attempt, Stop, Workplace
from agent.claimer import Claimer
from agent.errors import RequestRefused, StoreError
from agent.job import Lease
from agent.lease_keeper import LeaseKeeper
from agent.settings import Settings
from agent.shift import Shift
from agent.store import AgentCard
from agent.wakeup import Wakeup
from benchmark import Cancelled

_log = structlog.stdlib.get_logger(__name__)
_T = TypeVar("_T")

Farewell = Literal["told", "once", "idle"]
"""Why a worker has left."""

_LEAVE_SECONDS = 2.5
"""For how long a stopping agent tries to give its job back."""

_NO_MODELS = "No model can run here, so no job is claimed; `arena models` says why."
_NOTHING_WRITTEN = {"lost", "expired", LEFT}


class Worker:
    """Works through the queue until told to leave; no job and no error ends it."""

    def __init__(
        self,
        settings: Settings,
        card: AgentCard,
        workplace: Workplace,
        wakeup: Wakeup,
        shift: Shift | None = None,
        on_stuck: Callable[[], object] = lambda: None,
        on_results: Callable[[Callable[[], bool]], object] = lambda _should_stop: None,
    ) -> None:
        """`on_results` is called between two jobs, where there may be results that it has not seen.

        It is handed what tells it to stop: the next claim, or the end, waits for it.
        """
        self._settings, self._card, self._at, self._wakeup = settings, card, workplace, wakeup
        self._store, self._watch = workplace.store, workplace.watch
        self._shift, self._on_stuck, self._on_results = shift or Shift(), on_stuck, on_results
        self._claimer = Claimer(self._store, settings.lease_seconds, settings.time_limit_seconds)
        self._leaving = threading.Event()
        self._stop = Stop()
        self._farewell: Farewell = "told"
        self._said: str | None = None
        """The problem that the agent's row tells of."""

    @property
    def device(self) -> str:
        """What its jobs run on."""
        return self._settings.device

    def stop(self) -> None:
        """Give the current job back and leave."""
        self._stop.tell(_LEAVE_SECONDS)
        self.drain()

    def drain(self) -> None:
        """Finish the current job and leave."""
        self._leaving.set()
        self._watch.claims("It is leaving.")
        self._wakeup.wake()

    def run(self) -> Farewell:
        """Work until told to leave, or until the shift is over."""
        if self._insist(self._register):
            self._on_results(self._stop.is_told)
            self._shift.begin()
        while not self._leaving.is_set():
            lease = self._insist(self._claim)
            if lease is not None:
                self._work(lease)
            elif not self._leaving.is_set() and self._shift.idle_left() <= 0:
                self._farewell = "idle"
                break
            elif not self._leaving.is_set():
                # Never longer than a poll, with room for the claim itself.
                self._pause(self._settings.poll_seconds)
        self._say_goodbye()
        self._watch.leave()
        return self._farewell

    def _pause(self, longest_seconds: float) -> None:
        """Sleep, not beyond the end of the shift; a wake-up ends it."""
        self._wakeup.wait(max(0.0, min(longest_seconds * random.uniform(0.7, 0.95), self._shift.idle_left())))

    def _insist(self, call: Callable[[], _T]) -> _T | None:
        """Call until it succeeds or the agent leaves; the pause between tries grows to that of a poll."""
        pause = min(1.0, self._settings.poll_seconds)
        while not self._leaving.is_set():
            self._watch.beat()
            try:
                with self._shift.asking():
                    return call()
            except Cancelled:
                break
            except Exception as error:
                kind, unforeseen = type(error).__name__, not isinstance(error, StoreError)
                _log.error(str(error), action="store_failed", kind=kind, retry_in_s=pause, exc_info=unforeseen)
                self._watch.claims(str(error))
            if self._shift.idle_left() <= 0:
                break
            # Realtime may be back before the pause is over, and then so is the rest.
            self._pause(pause)
            pause = min(2 * pause, self._settings.poll_seconds)
        return None

    def _register(self) -> bool:
        """Say who this agent is, and whether its device can be used."""
        problem = self._problem()
        self._store.register(problem=problem)
        self._said = problem
        if problem:
            return True
        _log.info("ready", action="ready", agent=self._card.name, models=list(self._card.models))
        if not self._card.models:
            _log.warning(_NO_MODELS, action="no_models")
        return True

    def _claim(self) -> Lease | None:
        """The next job; none where there is none, or where none can be done here."""
        if self._problem() != self._said:
            self._register()
        if self._said:
            self._store.register(problem=self._said)  # as a heartbeat
            self._watch.claims(self._said)
            return None
        try:
            lease = self._claimer.claim()
        except RequestRefused:
            # The agent's row is gone if the database was set up anew meanwhile.
            self._register()
            raise
        if lease:
            self._shift.begin()  # or another worker might leave before this one is seen to work
        if not self._leaving.is_set():
            self._watch.claims(None if self._card.models else _NO_MODELS)
        return lease

    def _problem(self) -> str | None:
        """What keeps the device from being used. Raises Cancelled."""
        return self._at.fitness.problem(self._leaving.is_set)

    def _work(self, lease: Lease) -> None:
        with (
            self._shift.working(),
            structlog.contextvars.bound_contextvars(job=str(lease.job_id), attempt=lease.attempt),
        ):
            _log.info(
                "claimed",
                action="claimed",
                models=[lease.model_a, lease.model_b],
                images=len(lease.images),
                waited_ms=round(lease.waited_ms, 1),
            )
            self._watch.claimed(lease)
            outcome, code = self._attempt(lease)
            self._watch.ended(outcome, code)
            level = logging.WARNING if outcome in _NOTHING_WRITTEN else logging.INFO
            _log.log(level, f"job {outcome}", action="job_over", outcome=outcome)
            if outcome == "completed" and not self._stop.is_told():
                self._on_results(self._stop.is_told)
        if self._shift.once and not self._leaving.is_set():
            self._farewell = "once"
            self._leaving.set()

    def _attempt(self, lease: Lease) -> tuple[str, str | None]:
        """Work on the job under its lease; what became of it, and the error's code."""
        with (
            LeaseKeeper(self._store, lease, on_stuck=self._on_stuck, on_beat=self._watch.beat) as keeper,
            self._wakeup.watching(lease.job_id, keeper.renew_now),
        ):
            attempt = Attempt(self._at, lease, keeper, self._stop)
            return attempt.run(), attempt.code

    def _say_goodbye(self) -> None:
        for goodbye in (self._claimer.give_back, partial(self._store.register, "stopped")):
            try:
                goodbye()
            except Exception as error:
                _log.warning(str(error), action="goodbye_failed", exc_info=not isinstance(error, StoreError))
        _log.info("stopped", action="stopped")
