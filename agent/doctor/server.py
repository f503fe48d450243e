"""The server at SUPABASE_URL: whether it answers, how soon, and what time it has."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from agent.doctor.connection import ERRORS, why
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place, Reply
from agent.settings import Settings

_ANSWER_SECONDS = 5.0
_WARN_CLOCK_S = 2.0
_PAUSED = 540
_GONE = (
    " A project that was paused for long or deleted has no name any more: see Supabase's dashboard. A local one is "
    "started by `arena stack`."
)


def look_at_supabase(place: Place) -> Finding:
    """Whether somebody answers at SUPABASE_URL, and how soon."""
    if not place.setup.has_url:
        return skipped(place.unseen)
    host = str(place.settings.supabase_url.host)
    try:
        response, place.reply = _greet(place.settings)
    except ERRORS as error:
        found, mend = why(error, "SUPABASE_URL", _GONE)
        return problem(f"{host} cannot be reached: {found}", mend, f"an answer within {_ANSWER_SECONDS:g} s")
    if refused := _refused(response, host):
        place.refusal = refused.found
        return refused
    return ok(f"{host} answers in {place.reply.round_trip_ms:.0f} ms")


def _refused(response: httpx.Response, host: str) -> Finding | None:
    """Nothing where a project answers that can be asked more."""
    status = response.status_code
    if status == _PAUSED:
        return problem(f"The project at {host} is paused.", "Restore it in Supabase's dashboard.")
    if status >= 500:
        return problem(f"{host} answers {status}.", "Wait, and see whether the project is up.")
    if status not in (200, 401, 403) or "json" not in response.headers.get("content-type", ""):
        return problem(
            f"What answers at {host} is not Supabase ({status}).",
            "Set SUPABASE_URL to the project's own address, like https://….supabase.co, with no path.",
        )
    return None


def look_at_clock(place: Place) -> Finding:
    """Whether this machine's clock agrees with the server's."""
    ahead = place.reply.clock_ahead_s if place.reply else None
    if ahead is None:
        return skipped("No server said what time it is.")
    if abs(ahead) <= _WARN_CLOCK_S:
        return ok("agrees with the server's to 2 s")
    return warning(
        f"It is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's.",
        "`sudo timedatectl set-ntp true`, or `sudo chronyc makestep`; a container has the clock of its host.",
        "2 s at most: keys begin and end by it",
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
