"""One phase of a comparison under way."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmark.measure.host import Host, Watch, ask_all
from benchmark.measure.messages import Beat, Command, Reply
from benchmark.progress import Reporter

_R = TypeVar("_R", bound=Reply)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the Hosts may take."""

    #: Seconds without a sign of life.
    silence_s: float
    #: Resident memory of each, in MiB.
    memory_mb: float
    should_stop: Callable[[], bool]


class Phase:
    """Asks the two Hosts, within the time that the phase has, and reports how far it is."""

    def __init__(
        self,
        name: str,
        limit_s: float,
        hosts: Sequence[Host],
        models: Sequence[str],
        limits: Limits,
        reporter: Reporter,
    ) -> None:
        """`models` are the ids of the two, for the reports."""
        self._name, self._limit_s = name, limit_s
        self._hosts, self._models, self._limits, self._reporter = hosts, models, limits, reporter
        self._start = time.monotonic()
        self.report(0.0)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._start

    @property
    def silence_s(self) -> float:
        """For how long a Host may be silent."""
        return self._limits.silence_s

    def report(self, share: float, side: int | None = None, done: int = 0, total: int = 0) -> None:
        """`share` is how much of the phase is done, 0–1; the rest as in Progress."""
        self._reporter.report(self._name, share, None if side is None else self._models[side], done, total)

    def ask(
        self,
        side: int,
        command: Command,
        expected: type[_R],
        on_beat: Callable[[Beat], None] = lambda beat: None,
        silence_s: float | None = None,
    ) -> _R:
        """One Host's reply. `silence_s`: for how long this command may be silent, if not as all others."""
        watch = self._watch(lambda _, beat: on_beat(beat), self.silence_s if silence_s is None else silence_s)
        return _expected(expected, ask_all([(self._hosts[side], command)], watch)[0])

    def ask_both(self, command: Command, expected: type[_R]) -> list[_R]:
        """Both Hosts' replies; they work at once."""
        watch = self._watch(lambda host, beat: None, self.silence_s)
        return [_expected(expected, reply) for reply in ask_all([(host, command) for host in self._hosts], watch)]

    def check(self) -> None:
        """Raises Cancelled or PhaseTimeout; for work that is done here, not in a Host."""
        self._watch(lambda host, beat: None, self.silence_s).check()

    def _watch(self, on_beat: Callable[[Host, Beat], None], silence_s: float) -> Watch:
        return Watch(
            silence_s=silence_s,
            should_stop=self._limits.should_stop,
            on_beat=on_beat,
            deadline=self._start + self._limit_s,
            phase=self._name,
            limit_s=self._limit_s,
            memory_limit_mb=self._limits.memory_mb,
        )


def _expected(expected: type[_R], reply: Reply) -> _R:
    if not isinstance(reply, expected):
        raise TypeError(f"a Host replied {reply!r}, not {expected.__name__}")
    return reply
