"""``arena migrate``: bring a Supabase database up to date."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agent.commands.options import given
from sql.policy import Policy

if TYPE_CHECKING:
    from agent.migrate import Migrated


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

    Safe to repeat: what is there already is left alone, and everything missing is applied in one
    transaction. Uses the Supabase CLI's own record of migrations. Models are added or changed, never
    deleted, since results refer to them.
    """
    from agent.migrate import migrate as apply
    from agent.model_rows import model_rows, offered_models
    from agent.settings import load_catalogue_settings, load_database_settings
    from sql.seed import seed

    own = given(ARENA_CATALOGUE=str(catalogue) if catalogue else None)
    statement = seed(model_rows(offered_models(load_catalogue_settings(**own).catalogue)))
    if print_seed:
        typer.echo(statement, nl=False)
        return
    settings = load_database_settings(**given(DATABASE_URL=database_url))
    done = apply(settings.database_url.get_secret_value(), statement, policy or (), dry_run=dry_run)
    _show(Console(), done, policy or (), dry_run=dry_run)


def _show(console: Console, done: "Migrated", policies: Sequence[Policy], *, dry_run: bool) -> None:
    mark = "[yellow]would be done:[/]" if dry_run else "[green]✓[/]"
    for migration in done.applied:
        console.print(f"{mark} {migration.version} {migration.name.replace('_', ' ')}")
    for what, ids in (("added", done.added), ("changed", done.changed)):
        if ids:
            console.print(f"{mark} models {what}: {', '.join(ids)}", highlight=False)
    for policy in policies:
        console.print(f"{mark} policy {policy}")
    if not (done.applied or done.added or done.changed or policies):
        console.print("The database is up to date.")
    elif done.applied and not dry_run:
        console.print(f"{len(done.applied)} applied.")
