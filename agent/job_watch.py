"""Who looks on while an agent works: metrics, traces, and whoever asks how it is."""

from typing import Protocol

from agent.job import Lease


class JobWatch(Protocol):
    """What a worker says of itself, from whichever thread it is in. Nothing here may raise or take time."""

    def beat(self) -> None:
        """The worker is alive: said at least once a poll while it is idle, once a renewal while it works."""

    def claims(self, problem: str | None) -> None:
        """It has asked for a job and been answered (None), or why it cannot ask or was not answered, in a sentence."""

    def claimed(self, lease: Lease) -> None:
        """It has a job now."""

    def phase(self, name: str) -> None:
        """Its job is in this phase: `fetch`, `weights`, or one of `Progress`. Said again while it lasts."""

    def writing(self) -> None:
        """The work is over, and its end is being written."""

    def ended(self, outcome: str, code: str | None) -> None:
        """It has no job any more. `outcome` is the log's (`completed`, `failed`, `retrying`, …), `code` the error's."""

    def leave(self) -> None:
        """It has ended in good order."""


class NobodyWatches:
    """A JobWatch that does nothing."""

    def beat(self) -> None:
        """See JobWatch."""

    def claims(self, problem: str | None) -> None:
        """See JobWatch."""

    def claimed(self, lease: Lease) -> None:
        """See JobWatch."""

    def phase(self, name: str) -> None:
        """See JobWatch."""

    def writing(self) -> None:
        """See JobWatch."""

    def ended(self, outcome: str, code: str | None) -> None:
        """See JobWatch."""

    def leave(self) -> None:
        """See JobWatch."""
