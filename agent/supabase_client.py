"""The edge to supabase-py: how clients are made and what their errors mean here."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from postgrest import APIError
from supabase import Client, ClientOptions, create_client
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agent.credentials import Credentials
from agent.errors import AlreadyThere, KeyRefused, NotMigrated, RequestRefused, StoreError, StoreUnavailable
from agent.log import scrub

MIGRATE_HINT = "Run `arena migrate --database-url …`, or paste sql/schema.sql in the SQL editor."
_URL_HINT = "Is SUPABASE_URL the project's own address, like https://….supabase.co, with no path?"

_TIMEOUT_SECONDS = 20.0
_CONNECT_SECONDS = 5.0

# For what does no harm when it is done twice, since a reply may be lost after the commit.
retrying = retry(
    retry=retry_if_exception_type(StoreUnavailable),
    wait=wait_random_exponential(multiplier=0.5, max=2.0),
    stop=stop_after_attempt(4),
    reraise=True,
)

_NOT_MIGRATED = {"PGRST202", "PGRST205", "42P01", "42883"}
_ALREADY_THERE = "23505"
_KEY_REFUSED = {"401", "403", "42501", "PGRST301", "PGRST302", "PGRST303"}
_UNAVAILABLE = {"PGRST000", "PGRST001", "PGRST002", "PGRST003"}
# Classes of SQLSTATE: connection lost, deadlock, out of resources, shutting down.
_PASSING = {"08", "40", "53", "57"}


def connect(
    url: str, credentials: Credentials, timeout_seconds: float = _TIMEOUT_SECONDS
) -> tuple[Client, httpx.Client]:
    """A Supabase client and the HTTP/1.1 connections it uses, to be closed by the caller.

    HTTP/2 connections that were kept alive break on their next use (supabase-py issue 1064).
    Raises KeyRefused for a key of a wrong form.
    """
    timeout = httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds))
    http = httpx.Client(http2=False, timeout=timeout, follow_redirects=False)
    options = ClientOptions(auto_refresh_token=False, persist_session=False, httpx_client=http)
    try:
        client = create_client(url, credentials.apikey, options)
        client.postgrest.auth(credentials.bearer)
        return client, http
    except Exception as error:
        http.close()
        raise KeyRefused(scrub(f"The Supabase key cannot be used: {error}.")) from error


@contextmanager
def supabase_errors() -> Iterator[None]:
    """Translate what postgrest and httpx raise into StoreError."""
    try:
        yield
    except APIError as error:
        raise _translate(error) from error
    except httpx.HTTPError as error:
        raise StoreUnavailable(
            f"Supabase cannot be reached ({type(error).__name__}).",
            hint="Is SUPABASE_URL right and the project running?",
        ) from error


def _translate(error: APIError) -> StoreError:
    code, message = str(error.code or ""), scrub(error.message or "no message")
    if code in _NOT_MIGRATED:
        return NotMigrated(hint=MIGRATE_HINT)
    if code in _KEY_REFUSED or "api key" in message.lower():
        return KeyRefused(
            f"Supabase refused the key: {message}.",
            hint="An agent needs the secret key (sb_secret_…) or one of `arena agent-key`, a page the publishable.",
        )
    if code in _UNAVAILABLE or _is_passing(code):
        return StoreUnavailable(f"Supabase cannot answer: {message}.")
    hint = scrub(error.hint) if error.hint else _URL_HINT if _is_elsewhere(code) else None
    return (AlreadyThere if code == _ALREADY_THERE else RequestRefused)(message, hint=hint)


def _is_elsewhere(code: str) -> bool:
    """Whether the answer is that of a server that has no PostgREST at this address."""
    return code in {"404", "PGRST125"} or (len(code) == 3 and code.startswith("3"))


def _is_passing(code: str) -> bool:
    """Whether a SQLSTATE, or an HTTP status where there was none, is one that goes by itself."""
    if len(code) == 5:
        return code[:2] in _PASSING
    return code in {"408", "429"} or (len(code) == 3 and code.startswith("5"))
