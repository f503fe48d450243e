"""Which program this is."""

import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import InfoMetricFamily, Metric

_ROOT = Path(__file__).parents[2]
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Build:
    """A collector of what never changes."""

    def __init__(self, version: str, contract: int, revision: str | None = None) -> None:
        """`revision` is the Git commit; where it is not said, that of the working tree, if this is one."""
        labels = {"version": version, "contract": str(contract), "revision": revision or git_revision() or "unknown"}
        self._info = InfoMetricFamily("arena_build", "Which program this is.", value=labels)

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        yield self._info


def git_revision(root: Path = _ROOT) -> str | None:
    """The commit that is checked out at `root`; None where that is no working tree of Git."""
    try:
        head = (root / ".git" / "HEAD").read_text("utf-8").strip()
        commit = _of_branch(root / ".git", head.removeprefix("ref: ")) if head.startswith("ref: ") else head
    except (OSError, UnicodeDecodeError):
        return None
    return commit if commit and _COMMIT.fullmatch(commit) else None


def _of_branch(git: Path, name: str) -> str | None:
    """A branch is a file of its own, or a line in the file of all."""
    if (git / name).is_file():
        return (git / name).read_text("utf-8").strip()
    lines = (git / "packed-refs").read_text("utf-8").splitlines()
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
