"""What the commands show in the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchmark import Progress as Step

WAITING = "waiting for an agent"
PHASES = {
    "claimed": "claimed by an agent",
    "fetch": "fetching images",
    "load": "loading models",
    "warm_up": "warming up",
    "single_stream": "timing one by one",
    "offline": "timing in batches",
    "score": "scoring",
}


class _Bar(BarColumn):
    """Leaves its room to the sentence while there is nothing to measure."""

    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        return super().render(task) if task.fields["percent"] else Text()


class PhaseBar:
    """A progress bar that names the phase of a comparison."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<22}", markup=False),
            _Bar(bar_width=36),
            TextColumn("{task.fields[percent]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(WAITING, total=1.0, percent="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, step: Step) -> None:
        """Show the benchmark's own progress."""
        self._show(step.to_json())

    def update_job(self, job: Mapping[str, Any], waiting_for: str | None = None) -> None:
        """Show the progress in a row of ``jobs``, or what it waits for while nobody works on it."""
        if waiting_for or job["status"] == "pending":
            self._bar.update(self._task, completed=0.0, percent="", description=printable(waiting_for or WAITING))
        else:
            self._show(job.get("progress") or {})

    def _show(self, progress: Mapping[str, Any]) -> None:
        phase = str(progress.get("phase", ""))
        if phase:
            fraction = float(progress.get("fraction") or 0.0)
            percent, description = f"{100 * fraction:>3.0f} %", PHASES.get(phase, phase)
            self._bar.update(self._task, completed=fraction, percent=percent, description=description)


@dataclass(frozen=True)
class _Line:
    """One line of the result: a metric and how it is written."""

    label: str
    metric: str
    form: Callable[[float], str]


_LINES = (
    _Line("count accuracy", "accuracy", lambda v: f"{100 * v:.1f} %"),
    _Line("F1", "f1_score", lambda v: f"{v:.3f}"),
    _Line("AP50", "ap50", lambda v: f"{v:.3f}"),
    _Line("AP50-95", "ap50_95", lambda v: f"{v:.3f}"),
    _Line("mean count error", "count_mae", lambda v: f"{v:.2f} cars"),
    _Line("speed, median", "speed_ms", lambda v: f"{v:.1f} ms"),
    _Line("latency, p90", "latency_ms", lambda v: f"{v:.1f} ms"),
    _Line("throughput", "throughput_fps", lambda v: f"{v:.1f} images/s"),
    _Line("memory, peak", "memory_mb", lambda v: f"{v:,.0f} MiB"),
    _Line("GPU memory, peak", "gpu_memory_mb", lambda v: f"{v:,.0f} MiB"),
    _Line("energy", "energy_j_per_image", lambda v: f"{v:.2f} J/image"),
    _Line("carbon", "carbon_g_per_1k_images", lambda v: f"{v:.3f} g/1000"),
    _Line("green score", "green_score", lambda v: f"{v:.1f}"),
)


def printable(text: object) -> str:
    """On one line, without the control characters by which a text from a stranger could steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def result_view(row: Mapping[str, Any]) -> RenderableType:
    """The metrics side by side and the winner, from a row of ``comparison_results``.

    A full dot marks the better one where the interval of the difference excludes 0, an empty one where the
    difference has no interval.
    """
    a, b = row["model_a_metrics"], row["model_b_metrics"]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for model in (row["model_a_id"], row["model_b_id"]):
        table.add_column(model, justify="right", header_style="bold")
    for line in _LINES:
        if a.get(line.metric) is not None or b.get(line.metric) is not None:
            judged = row["verdict"].get("metrics", {}).get(line.metric, {})
            table.add_row(
                _label(line, a, row["environment"].get("country")),
                _cell(line, a.get(line.metric), _mark(judged, row["model_a_id"])),
                _cell(line, b.get(line.metric), _mark(judged, row["model_b_id"])),
            )
    legend = Text("● better beyond chance   ○ better in this run", style="dim")
    return Group("", table, legend, "", _verdict(row))


def _mark(judged: Mapping[str, Any], model: str) -> str:
    if judged.get("winner") != model:
        return " "
    return "○" if judged.get("ci_low") is None else "●"


def _label(line: _Line, metrics: Mapping[str, Any], country: str | None) -> Text:
    text = Text(line.label)
    if line.metric == "f1_score":
        text.append(f" ({metrics.get('f1_basis')})", style="dim")
    if line.metric in {"energy_j_per_image", "carbon_g_per_1k_images"}:
        source = str(metrics.get("energy_source"))
        text.append(f" ({source}{', ' + country if country and 'carbon' in line.metric else ''})", style="dim")
    return text


def _cell(line: _Line, value: float | None, mark: str) -> Text:
    if value is None:
        return Text("not measured  ", style="dim")
    return Text(f"{line.form(value)} {mark}", style="green" if mark == "●" else "")


def _verdict(row: Mapping[str, Any]) -> Panel:
    tie = row["winner"] == "tie"
    title = "It is a tie" if tie else f"Winner: {row['winner']}"
    return Panel(
        Text(str(row["verdict"].get("sentence", ""))),
        title=f"[bold]{title}[/]",
        border_style="yellow" if tie else "green",
        title_align="left",
        expand=False,
    )
