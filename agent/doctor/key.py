"""SUPABASE_KEY: whether the project takes it, what it may do, and how long."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from agent.agent_key import ROLE, WARN_DAYS
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from agent.errors import KeyRefused, NotMigrated, RequestRefused
from agent.settings import Settings
from agent.supabase_client import connect, supabase_errors

_ANSWER_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def look_at_key(place: Place) -> Finding:
    """Whether SUPABASE_KEY is taken, what it may do, and how long."""
    if not place.setup.has_key:
        return skipped(place.unseen)
    kind = _kind(place.settings)
    if not place.reached:
        return skipped(f"{kind}; not tried: {place.unseen}")
    try:
        place.contract = _contract(place.settings)
    except KeyRefused as error:
        place.key_refused = True
        return problem(f"{error.message} It is {kind}.", _new_key(place.settings), "a key that this project knows")
    except NotMigrated:
        pass
    except RequestRefused as error:
        # The role of an agent's key comes with the migrations.
        if ROLE not in error.message:
            raise
    place.key_accepted = True
    return _accepted(place.settings, kind)


def _kind(settings: Settings) -> str:
    token = settings.agent_key
    if token is None:
        return "the secret key"
    left = "" if token.ends_at is None else f", good for {_duration(token.days_left())}"
    return f"an agent's key{left}" if token.role == ROLE else f"a key of the role {token.role}{left}"


def _duration(days: float) -> str:
    units = ((days, "days"), (days * 24, "hours"), (days * 24 * 60, "minutes"))
    return next((f"{number:.0f} {unit}" for number, unit in units if number >= 2), "a minute")


def _accepted(settings: Settings, kind: str) -> Finding:
    token = settings.agent_key
    if token and token.days_left() < WARN_DAYS:
        return warning(f"{kind}, until {token.ends_at:%Y-%m-%d %H:%M} UTC.", "Mint a new one: `arena agent-key`.")
    if (token is None or token.role != ROLE) and settings.supabase_url.host not in _LOOPBACK:
        return warning(
            f"It is {kind}, which may do everything in the project.",
            "Mint one that does an agent's work and nothing else: `arena agent-key` (docs/security.md).",
        )
    return ok(kind)


def _new_key(settings: Settings) -> str:
    if settings.agent_key and settings.agent_key.role == ROLE:
        return (
            "Mint a new one with the project's JWT secret: `arena agent-key`. SUPABASE_PUBLISHABLE_KEY must be of the "
            "same project."
        )
    return "Copy the secret key anew (Project Settings → API Keys), or mint one: `arena agent-key`."


def _contract(settings: Settings) -> Mapping[str, Any]:
    client, http = connect(settings.url, settings.credentials, _ANSWER_SECONDS)
    with closing(http), supabase_errors():
        answer = client.rpc("arena_contract", {}).execute().data
    if not isinstance(answer, dict):
        raise NotMigrated
    return answer
