"""Which program this is."""

from collections.abc import Iterator

from prometheus_client.core import InfoMetricFamily, Metric

from benchmark import git_revision


class Build:
    """A collector of what never changes."""

    def __init__(self, version: str, contract: int, revision: str | None = None) -> None:
        """`revision` is the Git commit; where it is not said, that of the checkout, if this is one."""
        labels = {"version": version, "contract": str(contract), "revision": revision or git_revision() or "unknown"}
        self._info = InfoMetricFamily("arena_build", "Which program this is.", value=labels)

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        yield self._info
