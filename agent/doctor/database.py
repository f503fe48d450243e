"""The database: whether it and this agent are of one time, and what front ends can choose in it."""

import shlex
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from agent.credentials import Credentials
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from agent.errors import KeyRefused
from agent.model_rows import model_rows
from agent.settings import Settings
from agent.store import CONTRACT
from agent.supabase_client import connect, supabase_errors
from sql.migration import migrations

_ANSWER_SECONDS = 5.0
#: DATABASE_URL is kept off the agent's machine, so that it is said where it is from.
_DATABASE_URL = "with DATABASE_URL from Supabase: Connect → Session pooler"
_MIGRATE = f'`arena migrate --database-url "$DATABASE_URL"` ({_DATABASE_URL}), or paste sql/schema.sql.'


def look_at_database(place: Place) -> Finding:
    """Whether the migrations are applied, and are those that this agent knows."""
    if not place.key_accepted:
        return skipped(place.unseen)
    if place.contract is None:
        return problem("It lacks the arena's tables, or has those of an older version.", _MIGRATE)
    speaks, oldest = place.contract.get("contract"), place.contract.get("oldest_contract")
    if not isinstance(speaks, int) or not isinstance(oldest, int):
        return problem(f"arena_contract() answers {place.contract}.", _MIGRATE)
    if oldest > CONTRACT:
        return problem(
            f"It serves agents from contract {oldest}, and this one speaks {CONTRACT}.",
            "Install a newer version of the agent; docs/upgrades.md has the order.",
        )
    missing = _missing(place.contract)
    if speaks < CONTRACT:
        return problem(f"It speaks contract {speaks}, and this agent {CONTRACT}.{_listed(missing)}", _MIGRATE)
    if missing:
        return warning(f"It is older than this agent.{_listed(missing)}", _MIGRATE)
    newer = f", newer than this agent's {CONTRACT}" if speaks > CONTRACT else ""
    return ok(f"all migrations are in it; contract {speaks}{newer}")


def look_at_published_models(place: Place) -> Finding:
    """Whether the models of this machine's catalogue can be chosen by a front end."""
    if place.contract is None:
        return skipped(place.unseen)
    try:
        published = _published(place.settings)
    except KeyRefused:
        return skipped("The keys that are set may not read the table models.")
    missing = [row.id for row in model_rows(place.catalogue) if row.id not in published and row.base_id is None]
    if not missing:
        return ok(f"{len(published)} models and runtimes can be chosen")
    own = f" --catalogue {shlex.quote(str(place.settings.catalogue))}" if place.settings.catalogue else ""
    return warning(
        f"The table models lacks {', '.join(missing)}, so that no front end can choose it.",
        f'`arena migrate{own} --database-url "$DATABASE_URL"` publishes this machine\'s catalogue ({_DATABASE_URL}).',
    )


def _published(settings: Settings) -> set[str]:
    """Ids, as a front end sees them where its key is set: an agent's may not."""
    key = settings.publishable_key
    credentials = Credentials(key.get_secret_value()) if key else settings.credentials
    client, http = connect(settings.url, credentials, _ANSWER_SECONDS)
    with closing(http), supabase_errors():
        rows: Any = client.table("models").select("id").execute().data
    return {str(row["id"]) for row in rows}


def _missing(contract: Mapping[str, Any]) -> list[str]:
    """Files of migrations that the database lacks; none where nobody recorded which it has."""
    known = set(contract.get("migrations") or ())
    return [each.file_name for each in migrations() if known and each.version not in known]


def _listed(missing: list[str]) -> str:
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f" It lacks {missing[0]}{more}."
