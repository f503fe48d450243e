"""The commands of ``arena``, each imported when it is asked for: what one of them needs costs no other any time."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

#: In the order in which they are listed. Each is a module here, with a function or an app of that name.
COMMANDS = (
    *("demo", "compare", "models", "calibrate", "submit", "jobs"),
    *("agent", "agent-key", "doctor", "migrate", "stack"),
)


class Commands(TyperGroup):
    """Imports the module of a command by its name.

    What is Any here is Click's, which some versions of Typer bring with them under a name of their own.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"agent.commands.{name}")
        app = getattr(module, "app", None) or _app_of(cmd_name, getattr(module, name))
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command


def _app_of(name: str, function: Callable[..., Any]) -> typer.Typer:
    """One with a single command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
    app.command(name)(function)
    return app
