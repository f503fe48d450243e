"""What the commands show while weights come."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.text import Text

from agent.weights import Arrival


class ArrivalBar:
    """A progress bar for each file of weights on a terminal; elsewhere a line where one begins and where it is here."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._bar = Progress(
            TextColumn("downloading {task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
            expand=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def used(self) -> bool:
        """Whether anything had to come."""
        return bool(self._tasks)

    def update(self, arrival: Arrival) -> None:
        """Show how much has come."""
        if arrival.file not in self._tasks:
            self._tasks[arrival.file] = self._bar.add_task(arrival.file, total=None)
            if not self._console.is_terminal:
                self._console.print(Text(f"downloading {arrival.file} for {arrival.model_id} …"), soft_wrap=True)
        self._bar.update(self._tasks[arrival.file], completed=arrival.here, total=arrival.total)
