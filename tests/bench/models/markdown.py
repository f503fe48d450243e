"""Tables as the documents have them."""

from importlib.metadata import version

from benchmark.measure.threads import usable_cores
from tests.bench.queue.table import Cell, Table

_LIBRARIES = ("torch", "ultralytics", "onnxruntime", "openvino", "timm")


def markdown(table: Table) -> str:
    """With its title in bold before, its note after."""
    lines = [f"**{table.title}**", "", _line(table.columns)]
    lines.append(_line(["---", *["--:"] * (len(table.columns) - 1)]))
    lines += map(_line, table.rows)
    return "\n".join([*lines, "", *([table.note, ""] if table.note else [])])


def _line(cells: tuple[Cell, ...] | list[str]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def circumstances() -> str:
    """The machine and the libraries."""
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return f"`python -m tests.bench.models` on {usable_cores()} shared cores, without a GPU; {versions}."
