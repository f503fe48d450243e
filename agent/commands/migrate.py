"""``arena migrate``: bring a Supabase database up to date."""

from typing import Annotated

import typer
from rich.console import Console

from agent.commands.options import given


def migrate(
    database_url: Annotated[
        str | None,
        typer.Option(
            help="postgresql://… of the project's owner; in Supabase: Connect → Session pooler."
            " DATABASE_URL, unless it is in .env.",
        ),
    ] = None,
) -> None:
    """Apply the arena's tables and functions to a database.

    Safe to repeat: what is there already is left alone, and everything missing is applied in one
    transaction. Uses the Supabase CLI's own record of migrations.
    """
    from agent.migrate import migrate as apply
    from agent.settings import load_database_settings

    settings = load_database_settings(**given(DATABASE_URL=database_url))
    console = Console()
    applied = apply(settings.database_url.get_secret_value())
    for migration in applied:
        console.print(f"[green]✓[/] {migration.version} {migration.name.replace('_', ' ')}")
    console.print(f"{len(applied)} applied." if applied else "The database is up to date.")
