"""What the commands show while they wait, and how a stranger's text is shown."""

from collections.abc import Mapping
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.text import Text

from benchmark import Progress as Step

WAITING = "waiting for an agent"
PHASES = {
    "claimed": "claimed by an agent",
    "fetch": "fetching images",
    "weights": "downloading weights",
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
            SpinnerColumn("line" if console.options.ascii_only else "dots"),
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
            share = _megabytes(progress) if phase == "weights" else f"{100 * fraction:>3.0f} %"
            self._bar.update(self._task, completed=fraction, percent=share, description=PHASES.get(phase, phase))


def _megabytes(progress: Mapping[str, Any]) -> str:
    done, total = int(progress.get("done") or 0), int(progress.get("total") or 0)
    return f"{done} of {total} MB" if total else f"{done} MB"


def printable(text: object) -> str:
    """On one line, without the control characters by which a text from a stranger could steer a terminal."""
    whole = str(text)
    return whole if whole.isprintable() else "".join(c if c.isprintable() else " " for c in whole)
