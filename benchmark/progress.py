"""How far a comparison is."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

#: Phases in their order, each with its usual share of the time.
PHASES = {"load": 0.15, "warm_up": 0.05, "single_stream": 0.30, "offline": 0.45, "score": 0.05}

#: Seconds between two reports of the same phase.
REPORT_INTERVAL = 1.0
#: Reported whenever it comes.
_END = ("score", 1.0)


@dataclass(frozen=True, slots=True)
class Progress:
    """One report."""

    #: One of PHASES.
    phase: str
    #: Of the whole comparison, 0–1; never falls.
    fraction: float
    #: The model that is being worked on; None where it is both.
    model_id: str | None
    #: Steps done and to do in this phase; the unit depends on the phase.
    done: int
    total: int

    def to_json(self) -> dict[str, Any]:
        """`progress` of a job."""
        return asdict(self)


class Reporter:
    """Passes progress on, at most once a second unless the phase changes or all is done."""

    def __init__(self, on_progress: Callable[[Progress], None] | None) -> None:
        self._on_progress = on_progress
        self._phase = ""
        self._fraction = 0.0
        self._reported_at = 0.0

    def report(self, phase: str, share: float, model_id: str | None = None, done: int = 0, total: int = 0) -> None:
        """`share` is how much of this phase is done, 0–1."""
        now = time.perf_counter()
        if phase == self._phase and now - self._reported_at < REPORT_INTERVAL and (phase, share) != _END:
            return
        self._fraction = max(self._fraction, _overall(phase, min(1.0, share)))
        self._phase, self._reported_at = phase, now
        if self._on_progress:
            self._on_progress(Progress(phase, round(self._fraction, 4), model_id, done, total))


def _overall(phase: str, share: float) -> float:
    names = list(PHASES)
    before = sum(PHASES[name] for name in names[: names.index(phase)])
    return before + PHASES[phase] * share
