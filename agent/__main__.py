"""The command line: ``arena`` or ``python -m agent``."""

import os
import signal
import sys
from io import TextIOWrapper

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from agent.commands import agent, agent_key, calibrate, compare, demo, doctor, jobs, migrate, models, stack, submit
from agent.commands.options import VARIABLES
from agent.env_file import env_file
from agent.errors import AgentError
from benchmark import BenchmarkError
from local import LocalError

app = typer.Typer(
    name="arena",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Vision Arena: which of two vision models should I ship, on this hardware?",
    epilog="Start with **arena demo**: everything on this machine, nothing to set up.",
)
app.command("demo")(demo.demo)
app.command("compare")(compare.compare)
app.add_typer(models.app, name="models")
app.command("calibrate")(calibrate.calibrate)
app.command("submit")(submit.submit)
app.add_typer(jobs.app, name="jobs")
app.command("agent")(agent.agent)
app.command("agent-key")(agent_key.agent_key)
app.command("doctor")(doctor.doctor)
app.command("migrate")(migrate.migrate)
app.command("stack")(stack.stack)


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
    except (AgentError, BenchmarkError, LocalError) as error:
        notes = "".join(f"\n\n{note}" for note in getattr(error, "__notes__", []))
        Console(stderr=True).print(Panel(Text(f"{error}{notes}"), title="Error", border_style="red"))
        sys.exit(1)


if __name__ == "__main__":
    main()
