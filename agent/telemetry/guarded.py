"""Collectors that cannot spoil a scrape."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client.core import Metric

from agent.telemetry.safely import Safely


class Collecting(Protocol):
    """What prometheus_client calls a collector."""

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""


class Guarded:
    """A collector whose faults cost its own metrics alone."""

    def __init__(self, collector: Collecting, safely: Safely) -> None:
        self._collector, self._safely = collector, safely

    def collect(self) -> Sequence[Metric]:
        """See Collecting."""
        with self._safely:
            return list(self._collector.collect())
        return []
