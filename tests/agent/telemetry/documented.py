"""The metrics that docs/telemetry.md has in its table."""

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "telemetry.md").read_text("utf-8")
#: Type and labels of each metric.
TABLE = {
    name: (kind, set(filter(None, labels.strip().split(", "))))
    for name, kind, labels in re.findall(r"^\| `(arena_\w+)` \| (\w+) \| ([\w, ]*)\|", TEXT, re.MULTILINE)
}


def _series_of(name: str) -> Iterator[str]:
    yield from [f"{name}_{part}" for part in ("bucket", "sum", "count")] if TABLE[name][0] == "histogram" else [name]


#: Its metric, for each series.
SERIES = {series: name for name in TABLE for series in _series_of(name)}
