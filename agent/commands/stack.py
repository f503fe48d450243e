"""``arena stack``: the local Supabase-shaped stack alone."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agent.commands.options import Port
from sql.policy import Policy

if TYPE_CHECKING:
    from local import Page

#: For one machine and whoever sits at it.
POLICIES = (Policy.LOCAL_IMAGES, Policy.STORAGE, Policy.UPLOADS, Policy.ANON_UPLOADS)


def stack(
    port: Port = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps the database and the files; none keeps nothing.")
    ] = None,
) -> None:
    """Run the local stack in the foreground: Postgres, REST, Auth, Storage, Realtime and the page on one port.

    For development. It prints what to put in .env, applies the migrations, and stops with Ctrl-C.
    """
    from agent.migrate import migrate
    from local import LocalStack, Page

    console, page = Console(), Page()
    with LocalStack(port=port, data_dir=data, page=page) as running:
        migrate(running.database_url, policies=POLICIES)
        running.reload_schema()
        console.print(f"{invitation(page, running.url, 'to use it')} Ctrl-C stops everything. For .env:\n")
        console.print(f"SUPABASE_URL={running.url}")
        console.print(f"SUPABASE_KEY={running.secret_key}", soft_wrap=True)
        console.print(f"SUPABASE_PUBLISHABLE_KEY={running.publishable_key}", soft_wrap=True)
        console.print(f"DATABASE_URL={running.database_url}", soft_wrap=True)
        wait_for_signal()


def invitation(page: "Page", url: str, purpose: str) -> str:
    """Where the page is, or why there is none."""
    if page.is_built:
        return f"Open [bold]{url}[/] {purpose}."
    return f"[bold]{url}[/] has no page: it is not built here. A checkout of the project builds it (`make dashboard`)."


def wait_for_signal() -> None:
    """Sleep until SIGINT or SIGTERM."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    signal.sigwait(signals)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
