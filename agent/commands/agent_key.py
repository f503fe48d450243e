"""``arena agent-key``: mint the key of an agent that may do nothing else."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agent.errors import AgentKeyError

if TYPE_CHECKING:
    from agent.agent_key import Signer


def agent_key(
    signing_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The private JWK (ES256) that was imported into the project; `-` is standard input."
        ),
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file with the project's JWT secret (HS256), or `-`. SUPABASE_JWT_SECRET, unless given.",
        ),
    ] = None,
    days: Annotated[float, typer.Option(min=0.01, max=365, help="For how many days it is good.")] = 90.0,
    name: Annotated[str, typer.Option(envvar="ARENA_AGENT_NAME", help="The agent it is for.")] = "agent",
) -> None:
    """Mint a key with which an agent can claim and end jobs and do nothing else, and print it.

    It goes into the agent's SUPABASE_KEY, beside SUPABASE_PUBLISHABLE_KEY. What signs it stays with you: it is read
    from a file, the environment or standard input, and never belongs on a pod. docs/security.md says how to rotate it.

    Example: `arena agent-key --signing-key key.json --days 30 > agent-key.txt`
    """
    from agent.agent_key import AgentKey

    key = AgentKey.mint(_signer(signing_key, secret_file), name, days)
    typer.echo(key.token)
    assert key.ends_at is not None
    console = Console(stderr=True)
    console.print(f"[green]✓[/] a key for {name!r} as {key.role}, good until {key.ends_at:%Y-%m-%d %H:%M} UTC")
    console.print("Set it as SUPABASE_KEY of the agent, and SUPABASE_PUBLISHABLE_KEY beside it.", style="dim")


def _signer(signing_key: Path | None, secret_file: Path | None) -> "Signer":
    from agent.agent_key import JwtSecret, SigningKey

    if signing_key and secret_file:
        raise typer.BadParameter("Give --signing-key or --secret-file, not both.")
    if signing_key:
        return SigningKey.read(_content(signing_key))
    secret = _content(secret_file) if secret_file else os.environ.get("SUPABASE_JWT_SECRET", "")
    if not secret.strip():
        raise AgentKeyError(
            "There is nothing to sign the key with.",
            hint="Give --signing-key or --secret-file, or set SUPABASE_JWT_SECRET; docs/security.md says which.",
        )
    return JwtSecret(secret.strip())


def _content(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror).lower()
        raise AgentKeyError(f"{path} cannot be read: {reason}.") from error
