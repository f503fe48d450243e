"""``arena migrate``: bring a Supabase database up to date."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agent.commands.options import given
from sql.policy import Policy

if TYPE_CHECKING:
    from agent.migrate import Plan


def migrate(
    database_url: Annotated[
        str | None,
        typer.Option(
            help="postgresql://… of the project's owner; in Supabase: Connect → Session pooler."
            " DATABASE_URL, unless it is in .env.",
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            help="A catalogue of your own, whose models are published beside the built-in ones."
            " ARENA_CATALOGUE, unless it is in .env."
        ),
    ] = None,
    policy: Annotated[
        list[Policy] | None,
        typer.Option(help="What the arena's owner decides; see docs/security.md. May be given several times."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do it all, take it back, and show what it was.")] = False,
    print_seed: Annotated[
        bool,
        typer.Option(
            "--print-seed", help="Only print the SQL that publishes the models, to paste into Supabase's SQL editor."
        ),
    ] = False,
) -> None:
    """Apply the arena's tables and functions to a database, and publish the catalogue's models in it.

    It says what it will do, and then does it in one transaction: all or nothing. Safe to repeat: what is
    there already is left alone. It works beside running agents; where the database is so busy that it would
    hold others up, it gives up and tries again. Uses the Supabase CLI's own record of migrations. Models are
    added or changed, never deleted, since results refer to them.
    """
    from agent.migrate import migrate as apply
    from agent.model_rows import model_rows, offered_models
    from agent.settings import load_catalogue_settings, load_database_settings
    from sql.seed import seed

    own = given(ARENA_CATALOGUE=str(catalogue) if catalogue else None)
    rows = model_rows(offered_models(load_catalogue_settings(**own).catalogue))
    if print_seed:
        typer.echo(seed(rows), nl=False)
        return
    settings, console = load_database_settings(**given(DATABASE_URL=database_url)), Console()
    done = apply(
        settings.database_url.get_secret_value(),
        rows,
        policy or (),
        dry_run=dry_run,
        on_plan=partial(_show, console, dry_run=dry_run),
        on_busy=partial(_show_busy, console),
    )
    if not done.is_empty:
        console.print("[yellow]All of it works; nothing was changed.[/]" if dry_run else "[green]✓[/] Done.")


def _show(console: Console, plan: "Plan", *, dry_run: bool) -> None:
    if plan.is_empty:
        console.print("The database is up to date.")
        return
    console.print("It would do:" if dry_run else "To do:")
    for migration in plan.migrations:
        console.print(f"  migration {migration.version} {migration.name.replace('_', ' ')}", highlight=False)
    for what, ids in (("added", plan.added), ("changed", plan.changed)):
        if ids:
            console.print(f"  models {what}: {', '.join(ids)}", highlight=False)
    for policy in plan.policies:
        console.print(f"  policy {policy}", highlight=False)


def _show_busy(console: Console, seconds: float) -> None:
    console.print(
        f"The database is busy, and nothing was changed yet. Tried again in {seconds:.0f} s.", highlight=False
    )
