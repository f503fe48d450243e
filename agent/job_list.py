"""The queue as people look at it: which jobs there are, what became of one, and whether it is done again."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from agent.credentials import Credentials
from agent.errors import NotMigrated, RequestRefused
from agent.supabase_client import connect, retrying, supabase_errors

Row = dict[str, Any]

_SHORTEST = 4
_UUID_LENGTH = 32
_NAMED = 3
_IDS_PER_REQUEST = 100  # they stand in the URL
# Without the images: a job may have 500 of them, and a list may have 1,000 jobs.
_LISTED = (
    "id,model_a,model_b,options,status,priority,attempt,max_attempts,run_at,progress,error,created_by,idempotency_key,"
    "created_at,started_at,finished_at"
)
# Of job_attempts, people may read these alone.
_ATTEMPT = "attempt,agent_id,started_at,ended_at,outcome,error,refused_at"
_RESULT = "id,winner,verdict,model_a_metrics,model_b_metrics,environment,agent_id,created_at"


class Status(StrEnum):
    """Where a job is on its way."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_UNDER_WAY = {Status.PENDING, Status.RUNNING}


class JobList:
    """The jobs that a key may see. Methods raise StoreError."""

    def __init__(self, url: str, key: str) -> None:
        self._client, self._http = connect(url, Credentials(key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def newest(self, statuses: Sequence[Status] = (), limit: int = 20) -> list[Row]:
        """Rows of ``jobs`` but ``images``, newest first, each with ``waiting``: its row of ``waiting_jobs`` or None."""
        jobs = self._client.table("jobs").select(_LISTED)
        if statuses:
            jobs = jobs.in_("status", statuses)
        return self._with_waiting(_rows(jobs.order("created_at", desc=True).order("id").limit(limit)))

    def find(self, prefix: str) -> Row:
        """One job in full: its row with ``waiting``, ``attempts`` (oldest first, ``agent`` by name) and ``result``.

        Raises RequestRefused where ``prefix`` is the beginning of no job's id, or of several.
        """
        job_id = self._named(prefix)["id"]
        jobs = self._with_waiting(_rows(self._client.table("jobs").select("*").eq("id", job_id)))
        if not jobs:
            raise _unknown(prefix)
        return {**jobs[0], "attempts": self._attempts(job_id), "result": self._result(job_id)}

    def live_agents(self) -> list[Row]:
        """Rows of ``live_agents`` by name."""
        return _rows(self._client.table("live_agents").select("*").order("name").order("id"))

    def retry(self, prefix: str) -> Row:
        """Make a failed job pending again; returns its ``id``, its ``status``, and whether it is ``changed``.

        It is not if it is pending or running already.
        """
        job = self._named(prefix)
        if job["status"] in _UNDER_WAY:
            return {**job, "changed": False}
        return {**job, "status": self._call("retry_job", job["id"]), "changed": True}

    def cancel(self, prefix: str) -> Row:
        """Cancel a pending or running job; returns its ``id`` and ``status``."""
        job = self._named(prefix)
        return {**job, "status": self._call("cancel_job", job["id"])}

    @retrying
    def _call(self, function: str, job_id: str) -> str:
        with supabase_errors():
            return str(self._client.rpc(function, {"p_job_id": job_id}).execute().data)

    def _named(self, prefix: str) -> Row:
        """``id`` and ``status`` of the one job whose id begins so."""
        digits = _digits(prefix)
        jobs = self._client.table("jobs").select("id,status")
        jobs = jobs.gte("id", _filled(digits, "0")).lte("id", _filled(digits, "f"))
        found = _rows(jobs.order("id").limit(_NAMED + 1))
        if not found:
            raise _unknown(prefix)
        if len(found) > 1:
            raise _ambiguous(prefix, [job["id"] for job in found])
        return found[0]

    def _with_waiting(self, jobs: Iterable[Row]) -> list[Row]:
        jobs = list(jobs)
        waiting = self._waiting([job["id"] for job in jobs if job["status"] in _UNDER_WAY])
        return [{**job, "waiting": waiting.get(job["id"])} for job in jobs]

    def _waiting(self, ids: Sequence[str]) -> Mapping[str, Row]:
        found: dict[str, Row] = {}
        for some in _batches(ids):
            try:
                rows = _rows(self._client.table("waiting_jobs").select("*").in_("job_id", some))
            except NotMigrated:  # an older database; the jobs are still worth showing
                return {}
            found |= {row.pop("job_id"): row for row in rows}
        return found

    def _attempts(self, job_id: str) -> list[Row]:
        attempts = _rows(self._client.table("job_attempts").select(_ATTEMPT).eq("job_id", job_id).order("started_at"))
        ids = sorted({row["agent_id"] for row in attempts})
        agents = _rows(self._client.table("agents").select("id,name").in_("id", ids)) if ids else []
        names = {row["id"]: row["name"] for row in agents}
        return [{**row, "agent": names.get(row["agent_id"])} for row in attempts]

    def _result(self, job_id: str) -> Row | None:
        rows = _rows(self._client.table("comparison_results").select(_RESULT).eq("job_id", job_id))
        return rows[0] if rows else None


def _rows(query: Any) -> list[Row]:
    with supabase_errors():
        return [dict(row) for row in query.execute().data]


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IDS_PER_REQUEST):
        yield ids[start : start + _IDS_PER_REQUEST]


def _digits(prefix: str) -> str:
    digits = prefix.strip().lower().replace("-", "")
    if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST},{_UUID_LENGTH}}}", digits):
        raise RequestRefused(
            f'"{prefix}" is no job\'s id.',
            hint=f"Give an id or its beginning, {_SHORTEST} characters or more of 0-9a-f.",
        )
    return digits


def _filled(digits: str, with_digit: str) -> str:
    """The least or the greatest id that begins so."""
    return str(UUID(digits.ljust(_UUID_LENGTH, with_digit)))


def _unknown(prefix: str) -> RequestRefused:
    return RequestRefused(
        f"There is no job {prefix}, or this key may not see it.", hint="`arena jobs list` shows those that it may."
    )


def _ambiguous(prefix: str, ids: Sequence[str]) -> RequestRefused:
    more = " and more" if len(ids) > _NAMED else ""
    return RequestRefused(
        f"{prefix} is the beginning of several jobs' ids: {', '.join(ids[:_NAMED])}{more}.", hint="Give more of it."
    )
