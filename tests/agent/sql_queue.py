"""The queue in Postgres, as the tests of the queue see it past REST and its rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from agent.errors import RequestRefused
from agent.job import Lease
from agent.store import CONTRACT, AgentCard, AgentStatus, Completion, Failure, Release, Renewal
from tests.agent.queue_state import IMAGES, YOLOS, Agent, Attempt, Job, QueueState

Rows = list[dict[str, Any]]


def rows(connection: psycopg.Connection[Any], query: str, **values: Any) -> Rows:
    """What a query gives; dicts and lists of dicts go as JSON."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(query.encode(), {name: _json(value) for name, value in values.items()})
        return cursor.fetchall() if cursor.description else []


class SqlQueue:
    """Jobs in a database, and what people do to them. Time passes by moving every row into the past.

    Times are given and told as if the clock had been put forward.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        (row,) = self._rows("select clock_timestamp() as now")
        return cast(datetime, row["now"]) + self._ahead

    def advance(self, seconds: float) -> None:
        by = timedelta(seconds=seconds)
        self._rows("update public.jobs set run_at = run_at - %(by)s, created_at = created_at - %(by)s", by=by)
        self._rows(
            "update public.job_leases set expires_at = expires_at - %(by)s, deadline_at = deadline_at - %(by)s,"
            " renewed_at = renewed_at - %(by)s",
            by=by,
        )
        self._ahead += by

    def lapse(self, job_id: UUID) -> None:
        """Let the time of the job's lease run out."""
        now = "least(expires_at, clock_timestamp())"
        self._rows(f"update public.job_leases set expires_at = {now} where job_id = %(id)s", id=job_id)

    def put_off(self, job_id: UUID, run_at: datetime) -> None:
        self._rows("update public.jobs set run_at = %(at)s where id = %(id)s", at=run_at - self._ahead, id=job_id)

    def insert(self, **columns: Any) -> UUID:
        model_a, model_b = columns.pop("models", YOLOS)
        row = columns | {"model_a": model_a, "model_b": model_b, "images": tuple(columns.get("images", IMAGES))}
        if "run_at" in row:
            row["run_at"] -= self._ahead
        names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        (inserted,) = self._rows(f"insert into public.jobs ({names}) values ({marks}) returning id", **row)
        return cast(UUID, inserted["id"])

    def cancel(self, job_id: UUID) -> str:
        return self._decide("cancel_job", job_id)

    def retry(self, job_id: UUID) -> str:
        return self._decide("retry_job", job_id)

    def state(self) -> QueueState:
        images = defaultdict(list)
        for row in self._rows("select * from public.image_results order by job_id, side, image_index"):
            images[row["job_id"]].append(row)
        return QueueState(
            jobs={row["id"]: self._job(row) for row in self._rows("select * from public.jobs")},
            attempts={row["lease_token"]: self._attempt(row) for row in self._rows(_ATTEMPTS)},
            results={row["job_id"]: row for row in self._rows("select * from public.comparison_results")},
            images=dict(images),
            agents={
                row["id"]: Agent(tuple(row["models"]), row["status"], row["job_id"], row["problem"])
                for row in self._rows("select * from public.agents")
            },
        )

    def _rows(self, query: str, **values: Any) -> Rows:
        return rows(self._connection, query, **values)

    def _decide(self, function: str, job_id: UUID) -> str:
        try:
            (row,) = self._rows(f"select public.{function}(%(id)s)", id=job_id)
        except psycopg.Error as error:
            raise RequestRefused(error.diag.message_primary) from error
        return str(row[function])

    def _job(self, row: Mapping[str, Any]) -> Job:
        names = ("id", "max_attempts", "priority", "images", "options", "status", "attempt", "progress", "error")
        return Job(
            models=(row["model_a"], row["model_b"]),
            run_at=row["run_at"] + self._ahead,
            **{name: row[name] for name in names},
        )

    def _attempt(self, row: Mapping[str, Any]) -> Attempt:
        return Attempt(
            token=row["lease_token"],
            number=row["attempt"],
            expires_at=row["expires_at"] and row["expires_at"] + self._ahead,
            deadline_at=row["deadline_at"] and row["deadline_at"] + self._ahead,
            refused=row["refused_at"] is not None,
            **{name: row[name] for name in ("job_id", "agent_id", "request_id", "started_at", "outcome", "error")},
        )


_ATTEMPTS = (
    "select a.*, l.expires_at, l.deadline_at from public.job_attempts a"
    " left join public.job_leases l using (lease_token) order by a.started_at"
)


class SqlStore:
    """JobStore over the SQL functions, without REST in between."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        card: AgentCard,
        *,
        lease_seconds: int = 60,
        time_limit_seconds: int = 3600,
    ) -> None:
        self._connection, self._card = connection, card
        self._lease_seconds, self._time_limit_seconds = lease_seconds, time_limit_seconds

    def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
        card = self._card
        self._call(
            "register_agent", p_agent_id=card.id, p_name=card.name, p_version=card.version,
            p_hardware=dict(card.hardware), p_models=[] if problem else list(card.models), p_status=status,
            p_problem=problem, p_contract=CONTRACT,
        )  # fmt: skip

    def claim(self, request_id: UUID) -> Lease | None:
        claims = self._call(
            "claim_job", p_agent_id=self._card.id, p_request_id=request_id, p_lease_seconds=self._lease_seconds,
            p_models=list(self._card.models), p_time_limit_seconds=self._time_limit_seconds,
        )  # fmt: skip
        return Lease.from_row({name: _text(value) for name, value in claims[0].items()}, 0.0) if claims else None

    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        named = {"p_lease_seconds": self._lease_seconds, "p_progress": progress}
        return cast(Renewal, self._answer("renew_lease", lease, **named))

    def complete(self, lease: Lease, result: Mapping[str, Any], images: Sequence[Mapping[str, Any]]) -> Completion:
        named = {"p_result": result, "p_image_results": Jsonb(list(images))}
        return cast(Completion, self._answer("complete_job", lease, **named))

    def fail(self, lease: Lease, error: Mapping[str, Any], *, transient: bool) -> Failure:
        return cast(Failure, self._answer("fail_job", lease, p_error=error, p_transient=transient))

    def release(self, lease: Lease) -> Release:
        return cast(Release, self._answer("release_job", lease))

    def _answer(self, function: str, lease: Lease, **named: Any) -> str:
        (row,) = self._call(function, p_job_id=lease.job_id, p_lease_token=lease.token, **named)
        return str(row[function])

    def _call(self, function: str, **named: Any) -> Rows:
        marks = ", ".join(f"{name} => %({name})s" for name in named)
        try:
            return rows(self._connection, f"select * from public.{function}({marks})", **named)
        except psycopg.DataError as error:
            raise RequestRefused(error.diag.message_primary) from error


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Jsonb(dict(value))
    return Jsonb(list(value)) if isinstance(value, tuple) else value


def _text(value: Any) -> Any:
    """As REST would have it."""
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
