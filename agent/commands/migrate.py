"""``arena migrate``: bring a Supabase database up to date."""

from typing import Annotated

import typer
from rich.console import Console


def migrate(
    database_url: Annotated[
        str,
        typer.Option(
            envvar="DATABASE_URL",
            help="postgresql://… of the project's owner; in Supabase: Connect → Session pooler.",
            show_envvar=True,
        ),
    ],
) -> None:
    """Apply the arena's tables and functions to a database.

    Safe to repeat: what is there already is left alone, and everything missing is applied in one
    transaction. Uses the Supabase CLI's own record of migrations.
    """
    from agent.migrate import migrate as apply

    console = Console()
    applied = apply(database_url)
    for migration in applied:
        console.print(f"[green]✓[/] {migration.version} {migration.name.replace('_', ' ')}")
    console.print(f"{len(applied)} applied." if applied else "The database is up to date.")
