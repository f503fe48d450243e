"""The queue as it is in Supabase: one RPC for each method of JobStore."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

from agent.errors import NotMigrated, StoreUnavailable
from agent.job import Lease
from agent.log import scrub
from agent.settings import Settings
from agent.store import CONTRACT, AgentCard, AgentStatus, Completion, Failure, Release, Renewal, StaleTallies
from agent.supabase_client import MIGRATE_HINT, connect, retrying, supabase_errors
from benchmark import Rating, Tally


def _timeout_seconds(lease_seconds: int) -> float:
    """Short enough that a renewal which hangs is asked for again while the lease lasts."""
    return max(5.0, min(20.0, lease_seconds / 6))


class SupabaseStore:
    """JobStore and RatingStore over PostgREST. Safe to use from several threads."""

    def __init__(self, settings: Settings, card: AgentCard) -> None:
        self._settings = settings
        self._card = card
        self._client, self._http = connect(settings.url, settings.credentials, _timeout_seconds(settings.lease_seconds))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
        """See JobStore."""
        try:
            self._call_once(
                "register_agent",
                p_agent_id=str(self._card.id),
                p_name=self._card.name,
                p_version=self._card.version,
                p_hardware=dict(self._card.hardware),
                p_models=[] if problem else list(self._card.models),
                p_status=status,
                p_problem=problem and scrub(problem),
                p_contract=CONTRACT,
            )
        except NotMigrated as error:
            raise NotMigrated(
                "The database is older than this agent, or has nothing of the arena yet.", hint=MIGRATE_HINT
            ) from error

    def claim(self, request_id: UUID) -> Lease | None:
        """See JobStore."""
        asked_at, rows = self._ask(
            "claim_job",
            p_agent_id=str(self._card.id),
            p_request_id=str(request_id),
            p_lease_seconds=self._settings.lease_seconds,
            p_models=list(self._card.models),
            p_time_limit_seconds=self._settings.time_limit_seconds,
        )
        if not isinstance(rows, list):
            raise _nonsense()
        try:
            return Lease.from_row(rows[0], asked_at) if rows else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotMigrated("The database's functions are not of this agent's version.", hint=MIGRATE_HINT) from error

    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        """See JobStore."""
        outcome: Renewal = _outcome(
            Renewal,
            self._call_once(
                "renew_lease",
                **_held(lease),
                p_lease_seconds=self._settings.lease_seconds,
                p_progress=progress,
            ),
        )
        return outcome

    def complete(self, lease: Lease, result: Mapping[str, Any], images: Sequence[Mapping[str, Any]]) -> Completion:
        """See JobStore."""
        outcome: Completion = _outcome(
            Completion,
            self._call(
                "complete_job",
                **_held(lease),
                p_result=dict(result),
                p_image_results=list(images),
            ),
        )
        return outcome

    def fail(self, lease: Lease, error: Mapping[str, Any], *, transient: bool) -> Failure:
        """See JobStore."""
        outcome: Failure = _outcome(
            Failure,
            self._call("fail_job", **_held(lease), p_error=dict(error), p_transient=transient),
        )
        return outcome

    def release(self, lease: Lease) -> Release:
        """See JobStore."""
        outcome: Release = _outcome(Release, self._call_once("release_job", **_held(lease)))
        return outcome

    def stale_tallies(self) -> Sequence[StaleTallies]:
        """See RatingStore."""
        rows = self._call_once("stale_tallies")
        if not isinstance(rows, list):
            raise _nonsense()
        return [StaleTallies(row["machine"], row["version"], [_tally(each) for each in row["tallies"]]) for row in rows]

    def put_ratings(self, of: StaleTallies, ratings: Sequence[Rating]) -> bool:
        """See RatingStore."""
        rows = [rating_row(each) for each in ratings]
        return bool(self._call_once("put_ratings", p_machine=of.machine, p_version=of.version, p_ratings=rows))

    def _call(self, function: str, **arguments: Any) -> Any:
        _, answer = self._ask(function, **arguments)
        return answer

    @retrying  # the functions are idempotent, so a lost reply is asked for again
    def _ask(self, function: str, **arguments: Any) -> tuple[float, Any]:
        """When it was asked for the last time, and the answer."""
        return time.monotonic(), self._call_once(function, **arguments)

    def _call_once(self, function: str, **arguments: Any) -> Any:
        with supabase_errors():
            return self._client.rpc(function, arguments).execute().data


def _outcome(kind: Any, answer: Any) -> Any:
    """The answer, if it is one of ``kind``: a gateway in between may answer what it likes."""
    if answer not in get_args(kind):
        raise _nonsense()
    return answer


def _tally(row: Mapping[str, Any]) -> Tally:
    """Of an element of what `stale_tallies` gives, which later may hold more."""
    return Tally(row["model_a"], row["model_b"], row["wins_a"], row["wins_b"], row["ties"])


def rating_row(rating: Rating) -> dict[str, Any]:
    """An element of what `put_ratings` takes."""
    return {
        "model_id": rating.model_id,
        "rating": round(rating.rating, 3),
        "rating_low": round(rating.low, 3),
        "rating_high": round(rating.high, 3),
        "battles": rating.battles,
        "wins": rating.wins,
        "losses": rating.losses,
        "ties": rating.ties,
        "connected_group": rating.group,
    }


def _nonsense() -> StoreUnavailable:
    return StoreUnavailable("What answers is not Supabase.", hint="Is SUPABASE_URL right?")


def _held(lease: Lease) -> dict[str, str]:
    return {"p_job_id": str(lease.job_id), "p_lease_token": str(lease.token)}
