"""One attempt at a job: fetch, compare, and write how it ended."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from agent.errors import JobError, RequestRefused, StoreError, TimeLimit
from agent.fetching import Source, fetching
from agent.fitness import Fitness
from agent.job import Lease
from agent.job_watch import JobWatch
from agent.lease_keeper import LeaseKeeper
from agent.log import scrub
from agent.store import JobStore
from agent.weights import Arrival, WeightsSource
from benchmark import Arena, BenchmarkError, Cancelled, Comparison, DeviceUnavailable, GpuFault, Options, Progress

_log = structlog.stdlib.get_logger(__name__)

LEFT = "left to its lease"

_WRITE_PAUSE_SECONDS = 0.5
_WRITE_SECONDS = 300.0
"""For how long a job's end is tried to be written while its lease can still be renewed."""


class Stop:
    """Whether the agent has been told to stop, and until when it tries to leave in good order."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self.leave_by = float("inf")

    def tell(self, leave_seconds: float) -> None:
        """Stop what is under way; ``leave_seconds`` from now nothing more is tried."""
        self.leave_by = time.monotonic() + leave_seconds
        self._told.set()

    def is_told(self) -> bool:
        """Whether it has been."""
        return self._told.is_set()


@dataclass(frozen=True)
class Workplace:
    """What a worker works with, job after job."""

    store: JobStore
    images: Source
    weights: WeightsSource
    arena: Arena
    fitness: Fitness
    watch: JobWatch


class Attempt:
    """One job under one lease. ``code`` is that of the error it failed with, if any."""

    def __init__(self, at: Workplace, lease: Lease, keeper: LeaseKeeper, stop: Stop) -> None:
        self._at, self._lease, self._keeper, self._stop = at, lease, keeper, stop
        self.code: str | None = None

    def run(self) -> str:
        """Do the job and write how it ended; returns what became of it."""
        try:
            write = self._work()
            self._keeper.work_is_over()
            self._at.watch.writing()
            return self._write(write)
        except Exception as error:
            _log.error(str(error), action="write_refused", exc_info=not isinstance(error, StoreError))
        return LEFT

    def _work(self) -> Callable[[], str]:
        """Do the job; returns what is to be written about it."""
        try:
            comparison = self._compare()
        except Cancelled:
            if self._keeper.time_is_up():
                return self._failure(TimeLimit.code, str(TimeLimit()), transient=TimeLimit.transient)
            return self._release()
        except (BenchmarkError, JobError) as error:
            return self._failed(error)
        except Exception as error:
            _log.exception("unexpected error", action="attempt_failed")
            message = f"The agent met an unexpected {type(error).__name__}; its log has more."
            return self._failure("internal_error", message, transient=True)
        return partial(self._complete, comparison)

    def _failed(self, error: BenchmarkError | JobError) -> Callable[[], str]:
        notes = [scrub(note) for note in getattr(error, "__notes__", [])]
        _log.warning(scrub(str(error)), action="attempt_failed", code=error.code, notes=notes)
        if error.transient and self._stop.is_told():
            return self._release()  # what stops the agent may have struck its Hosts too
        if isinstance(error, DeviceUnavailable | GpuFault):
            # What the GPU holds for models that are kept warm may be spoilt, and in the way of a look at it.
            self._at.arena.end_idle()
            first = self._at.fitness.doubt(self._lease.job_id)
            if first and isinstance(error, DeviceUnavailable):
                return self._release()  # the job is hardly to blame, and the device is looked at before the next claim
        return self._failure(error.code, str(error), transient=error.transient)

    def _compare(self) -> Comparison:
        options = Options.parse(self._lease.options)
        images = self._lease.job_images()
        self._report("fetch", {"phase": "fetch", "fraction": 0.0, "total": len(images)})
        with (
            TemporaryDirectory(prefix="arena-") as folder,
            fetching(self._at.images, images, Path(folder), self._should_stop) as entries,
        ):
            self._bring_weights()
            return self._at.arena.compare(
                self._lease.model_a,
                self._lease.model_b,
                entries,
                options,
                on_progress=self._on_progress,
                should_stop=self._should_stop,
            )

    def _should_stop(self) -> bool:
        return self._stop.is_told() or self._keeper.must_stop()

    def _on_progress(self, progress: Progress) -> None:
        self._report(progress.phase, progress.to_json())

    def _report(self, phase: str, progress: dict[str, Any]) -> None:
        self._at.watch.phase(phase)
        self._keeper.report(progress)

    def _bring_weights(self) -> None:
        """Download what the job's models lack."""
        on_the_way: set[str] = set()

        def on_arrival(arrival: Arrival) -> None:
            if arrival.model_id not in on_the_way:
                on_the_way.add(arrival.model_id)
                _log.info("downloading weights", action="weights", model=arrival.model_id, file=arrival.file)
            self._report("weights", arrival.to_json())

        self._at.weights.bring([self._lease.model_a, self._lease.model_b], on_arrival, self._should_stop)
        if on_the_way:
            _log.info("the weights are here", action="weights_here", models=sorted(on_the_way))

    def _complete(self, comparison: Comparison) -> str:
        """Write the result; one that Supabase will not have, or that is not JSON, fails the job."""
        try:
            return self._at.store.complete(self._lease, comparison.to_row(), comparison.image_rows())
        except (RequestRefused, ValueError, TypeError) as error:
            _log.error(str(error), action="result_refused", exc_info=not isinstance(error, StoreError))
            message = f"Supabase refused the result: {error}"
        return self._failure("result_refused", message, transient=False)()

    def _failure(self, code: str, message: str, *, transient: bool) -> Callable[[], str]:
        self.code = code
        error: dict[str, Any] = {"code": code, "message": scrub(message)}
        return partial(self._at.store.fail, self._lease, error, transient=transient)

    def _release(self) -> Callable[[], str]:
        return partial(self._at.store.release, self._lease)

    def _write(self, write: Callable[[], str]) -> str:
        """Tell the store, and ask again for as long as the lease may be held.

        Once tried, it is asked again even if the keeper has heard that the lease is gone: that may be this very
        write, whose reply was lost. Raises RequestRefused.
        """
        if self._keeper.is_gone():
            return self._keeper.ended or "expired"
        give_up_at = time.monotonic() + _WRITE_SECONDS
        while True:
            try:
                return write()
            except RequestRefused:
                raise
            except StoreError as error:
                _log.warning(str(error), action="write_failed")
            if self._keeper.expired() or time.monotonic() > min(give_up_at, self._stop.leave_by):
                return LEFT
            time.sleep(_WRITE_PAUSE_SECONDS)
