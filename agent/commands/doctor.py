"""``arena doctor``: what is wrong with this machine and its project, and what mends it."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agent.commands.options import devices_option

if TYPE_CHECKING:
    from agent.doctor import Examined


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/doctor.md has its keys.")] = False,
    devices: Annotated[
        str | None, devices_option("The GPUs that `arena agent --devices` is to have; each is computed on.")
    ] = None,
) -> None:
    """Look at everything that can be wrong here, and say what mends it.

    Settings, Supabase, key, database, Realtime, GPU, models, disk, energy and more. It changes nothing, and takes a
    minute at most, whatever hangs. The exit code is 1 where something keeps an agent from work, else 0.
    """
    from agent.doctor import to_json
    from agent.log import configure_logging

    configure_logging("error")
    examined = _quietly(devices) if as_json else _aloud(devices, Console())
    answer = to_json(examined)
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    if answer["problems"]:
        raise typer.Exit(1)


def _quietly(devices: str | None) -> list["Examined"]:
    from agent.doctor import CHECKS, Place, examine, read_setup

    return list(examine(CHECKS, Place(read_setup(), devices)))


def _aloud(devices: str | None, console: Console) -> list["Examined"]:
    """Show each check as it comes."""
    from agent.doctor import CHECKS, Place, examine, read_setup
    from agent.doctor.show import Row, summary

    width, examined = max(len(check.name) for check in CHECKS), []
    with console.status("", spinner="line" if console.options.ascii_only else "dots") as status:
        place = Place(read_setup(), devices)
        for each in examine(CHECKS, place, lambda name: status.update(name.replace("_", " "))):
            examined.append(each)
            console.print(Row(each, width))
    console.print()
    console.print(summary(examined))
    return examined
