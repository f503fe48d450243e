"""``arena doctor``: what is wrong with this machine and its project, and what mends it."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from agent.doctor import Examined


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/doctor.md has its keys.")] = False,
) -> None:
    """Look at everything that can be wrong here, and say what mends it.

    Settings, Supabase, key, database, Realtime, GPU, models, disk, energy and more. It changes nothing, and takes a
    minute at most. The exit code is 1 where something keeps an agent from work, else 0.
    """
    from agent.doctor import to_json
    from agent.log import configure_logging

    configure_logging("error")
    examined = _quietly() if as_json else _aloud(Console())
    answer = to_json(examined)
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    if answer["problems"]:
        raise typer.Exit(1)


def _quietly() -> list["Examined"]:
    from agent.doctor import CHECKS, Place, examine, read_setup

    return list(examine(CHECKS, Place(read_setup())))


def _aloud(console: Console) -> list["Examined"]:
    """Show each check as it comes."""
    from agent.doctor import CHECKS, Place, examine, read_setup
    from agent.doctor.show import Row, summary

    width, examined = max(len(check.name) for check in CHECKS), []
    with console.status("", spinner="line" if console.options.ascii_only else "dots") as status:
        place = Place(read_setup())
        for each in examine(CHECKS, place, lambda name: status.update(name.replace("_", " "))):
            examined.append(each)
            console.print(Row(each, width))
    console.print()
    console.print(summary(examined))
    return examined
