"""The command line: ``arena`` or ``python -m agent``."""

import os
import signal
import sys
from io import TextIOWrapper

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from agent.commands.group import Commands
from agent.commands.options import VARIABLES
from agent.env_file import env_file

app = typer.Typer(
    name="arena",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Vision Arena: which of two vision models should I ship, on this hardware?",
    epilog="Start with **arena demo**: everything on this machine, nothing to set up.",
)


@app.callback()
def arena() -> None:
    """Only its options are of interest; the commands are in agent/commands."""


def with_env_file() -> None:
    """Let options be set in ``.env`` as an agent's settings are: what is pulled must go where the agent looks."""
    for name, value in env_file().items():
        if name in VARIABLES and value and not os.environ.get(name):
            os.environ[name] = value


def main() -> None:
    """Run the command line; an expected error is a sentence and exit code 1, not a traceback."""
    # Leave through every context, so that what was started is stopped. The agent has a handler of its own.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows ASCII alone must not end a command
    try:
        if sys.argv[1:2] != ["doctor"]:  # which has no such options, and says itself what is wrong with the file
            with_env_file()
        app()
    except Exception as error:
        if not _is_expected(error):
            raise
        notes = "".join(f"\n\n{note}" for note in getattr(error, "__notes__", []))
        Console(stderr=True).print(Panel(Text(f"{error}{notes}"), title="Error", border_style="red"))
        sys.exit(1)


def _is_expected(error: Exception) -> bool:
    """Whether it is one of ours, whose packages are imported only now."""
    from agent.errors import AgentError
    from benchmark import BenchmarkError
    from local import LocalError

    return isinstance(error, AgentError | BenchmarkError | LocalError)


if __name__ == "__main__":
    main()
