"""The Supabase project: whether it answers, takes the key, and has the arena's tables as this agent knows them."""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from agent.agent_key import ROLE, AgentKey
from agent.credentials import Credentials
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place, Reply
from agent.errors import KeyRefused, NotMigrated, RequestRefused
from agent.model_rows import model_rows
from agent.settings import Settings
from agent.store import CONTRACT
from agent.supabase_client import connect, supabase_errors
from sql.migration import migrations

_ANSWER_SECONDS = 5.0
_WARN_DAYS = 14.0
_WARN_CLOCK_S = 2.0
_PAUSED = 540
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_MIGRATE = "`arena migrate --database-url …` (in Supabase: Connect → Session pooler), or paste sql/schema.sql."


def look_at_supabase(place: Place) -> Finding:
    """Whether somebody answers at SUPABASE_URL, and how soon."""
    if not place.setup.has_url:
        return skipped(place.unseen)
    host = place.settings.supabase_url.host
    try:
        response, place.reply = _greet(place.settings)
    except httpx.HTTPError as error:
        found, mend = _why(error)
        return problem(f"{host} cannot be reached: {found}", mend, f"an answer within {_ANSWER_SECONDS:g} s")
    if response.status_code == _PAUSED:
        return problem(f"The project at {host} is paused.", "Restore it in Supabase's dashboard.")
    if response.status_code >= 500:
        return problem(f"{host} answers {response.status_code}.", "Wait, and see whether the project is up.")
    if response.status_code not in (200, 401, 403) or "json" not in response.headers.get("content-type", ""):
        place.reply = None
        return problem(
            f"What answers at {host} is not Supabase ({response.status_code}).",
            "Set SUPABASE_URL to the project's own address, like https://….supabase.co, with no path.",
        )
    return ok(f"{host} answers in {place.reply.round_trip_ms:.0f} ms")


def look_at_clock(place: Place) -> Finding:
    """Whether this machine's clock agrees with the server's."""
    ahead = place.reply.clock_ahead_s if place.reply else None
    if ahead is None:
        return skipped("There was no server to compare with.")
    if abs(ahead) <= _WARN_CLOCK_S:
        return ok("agrees with the server's to 2 s")
    return warning(
        f"It is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's.",
        "`sudo timedatectl set-ntp true`, or `sudo chronyc makestep`; a container has the clock of its host.",
        "2 s at most: keys begin and end by it",
    )


def look_at_key(place: Place) -> Finding:
    """Whether SUPABASE_KEY is taken, what it may do, and how long."""
    if not place.setup.has_key:
        return skipped(place.unseen)
    kind = _kind(place.settings)
    if place.reply is None:
        return skipped(f"{kind}; not tried: {place.unseen}")
    try:
        place.contract = _contract(place.settings)
    except KeyRefused as error:
        return problem(f"{error.message} It is {kind}.", _new_key(place.settings), "a key that this project knows")
    except NotMigrated:
        pass
    except RequestRefused as error:
        # The role of an agent's key comes with the migrations.
        if ROLE not in error.message:
            raise
    place.key_accepted = True
    return _accepted(place.settings, kind)


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
    own = f" --catalogue {place.settings.catalogue}" if place.settings.catalogue else ""
    return warning(
        f"The table models lacks {', '.join(missing)}, so that no front end can choose it.",
        f"`arena migrate{own} --database-url …` publishes this machine's catalogue.",
    )


def _greet(settings: Settings) -> tuple[httpx.Response, Reply]:
    """Twice over one connection, so that the second shows the network's time alone."""
    headers = {"apikey": settings.credentials.apikey}
    with httpx.Client(timeout=_ANSWER_SECONDS, follow_redirects=False, headers=headers) as http:
        http.get(f"{settings.url}/auth/v1/health")
        asked_at, start = datetime.now(UTC), time.perf_counter()
        response = http.get(f"{settings.url}/auth/v1/health")
        taken_s = time.perf_counter() - start
    return response, Reply(
        taken_s * 1e3, _clock_ahead(response.headers.get("date"), asked_at.timestamp() + taken_s / 2)
    )


def _clock_ahead(date: str | None, here_s: float) -> float | None:
    """Seconds; the server's are whole ones, cut off, so half a one is added."""
    try:
        return here_s - (parsedate_to_datetime(date).timestamp() + 0.5) if date else None
    except ValueError:
        return None


def _why(error: httpx.HTTPError) -> tuple[str, str]:
    """What failed on the way there, and what mends it."""
    causes = list(_causes(error))
    if any(isinstance(each, socket.gaierror) for each in causes):
        return (
            "its name is not known.",
            "Is SUPABASE_URL right, and has this machine a name server? A project that was paused for long or deleted "
            "has no name any more: see Supabase's dashboard.",
        )
    if tls := next((each for each in causes if isinstance(each, ssl.SSLError)), None):
        reason = getattr(tls, "verify_message", "") or tls.reason or "TLS failed"
        return (
            f"its certificate is not trusted ({reason}).",
            "Is this machine's clock right (`date -u`), and are its certificates there (`apt-get install "
            "ca-certificates`)? A proxy that opens TLS needs its certificate in SSL_CERT_FILE.",
        )
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return "it refuses the connection.", "Is SUPABASE_URL right, and does the project (or `arena stack`) run?"
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer.", "May this machine reach the internet? Try `curl -I` with SUPABASE_URL."
    return f"{type(error).__name__}.", "Is SUPABASE_URL right, and is a proxy in the way (HTTPS_PROXY)?"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _kind(settings: Settings) -> str:
    token = settings.agent_key
    if token is None:
        return "the secret key"
    left = "" if token.ends_at is None else f", good for {_duration(token.days_left())}"
    return f"an agent's key{left}" if token.role == ROLE else f"a key of the role {token.role}{left}"


def _duration(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} hours"


def _accepted(settings: Settings, kind: str) -> Finding:
    token: AgentKey | None = settings.agent_key
    if token and token.days_left() < _WARN_DAYS:
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
