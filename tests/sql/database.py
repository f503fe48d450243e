"""A Postgres with Supabase's roles, and a database in it as the people and the agent see it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.errors import Diagnostic
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sql.migration import BOOKKEEPING, migrations

STUB = Path(__file__).with_name("supabase_stub.sql")
PEOPLE = ("anon", "authenticated")
ROLES = (*PEOPLE, "service_role", "arena_agent")

IMAGES = [
    {"image_path": "https://images.test/1.jpg", "car_count": 2, "boxes": [[0, 0, 10, 10], [5, 5, 20.5, 30]]},
    {"image_path": "storage://scenes/2.jpg", "car_count": 0, "description": "an empty street"},
]
RESULT = {
    "model_a_metrics": {"accuracy": 0.9},
    "model_b_metrics": {"accuracy": 0.8},
    "winner": "Trained_yolov5",
    "verdict": {"difference": 0.1},
    "environment": {"seed": 0},
}
IMAGE_RESULTS = [
    {"side": "a", "image_index": 0, "predicted_count": 2, "latency_ms": 3.5, "detections": [{"score": 0.5}]},
    {"side": "b", "image_index": 0, "predicted_count": 1, "latency_ms": 4.5},
]

#: What most tests are not about. Those that are set it back.
WIDE_OPEN = b"""
    update public.arena_settings
    set allow_http_images = true, allow_local_images = true, max_pending_per_user = 100000, max_pending_anon = 100000
"""

Row = dict[str, Any]


def connect(uri: str) -> psycopg.Connection[Row]:
    """An autocommitting connection whose rows are dicts."""
    return psycopg.connect(uri, autocommit=True, row_factory=dict_row)


def make_it_supabase(uri: str) -> None:
    """Give an empty database what a Supabase project has."""
    with connect(uri) as connection:
        connection.execute(STUB.read_bytes())


def migrate(uri: str, times: int = 1) -> None:
    """Apply every migration, each in a transaction of its own, `times` times in a row, as the Supabase CLI would."""
    with connect(uri) as connection:
        connection.execute(BOOKKEEPING)
        for migration in migrations():
            for _ in range(times):
                with connection.transaction():
                    connection.execute(migration.sql.encode())
            record = "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)"
            connection.execute(record, [migration.version, migration.name])


class Database:
    """One connection to a migrated database. Everything commits unless a transaction is open around it."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.connection = connect(uri)

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def acting_as(self, role: str | None, user: UUID | None = None) -> Iterator[None]:
        """A transaction with the role and the claims that PostgREST would set; None stays administrator."""
        claims = json.dumps({"role": role} | ({"sub": str(user)} if user else {}))
        with self.connection.transaction():
            if role:
                self.connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
                self.connection.execute("select set_config('role', %s, true)", [role])
            yield
            # A setting outlives its savepoint, where a transaction is open around this one.
            self.connection.execute("select set_config('role', 'none', true)")
            self.connection.execute("select set_config('request.jwt.claims', '', true)")

    def rows(self, query: str, *values: Any, role: str | None = None, user: UUID | None = None) -> list[Row]:
        with self.acting_as(role, user):
            cursor = self.connection.execute(query.encode(), [_json(value) for value in values] or None)
            return cursor.fetchall() if cursor.description else []

    def row(self, query: str, *values: Any, role: str | None = None, user: UUID | None = None) -> Row:
        (row,) = self.rows(query, *values, role=role, user=user)
        return row

    def value(self, query: str, *values: Any, role: str | None = None, user: UUID | None = None) -> Any:
        (value,) = self.row(query, *values, role=role, user=user).values()
        return value

    def call(self, function: str, role: str = "arena_agent", user: UUID | None = None, **arguments: Any) -> list[Row]:
        """Call a function with named arguments, as an RPC does; lists that are not SQL arrays go as JSON."""
        named = ", ".join(f"{name} => %s" for name in arguments)
        return self.rows(f"select * from public.{function}({named})", *arguments.values(), role=role, user=user)

    def answer(self, function: str, role: str = "arena_agent", user: UUID | None = None, **arguments: Any) -> str:
        """What a function that returns one word says."""
        return str(self.call(function, role, user, **arguments)[0][function])

    def insert_job(self, role: str = "anon", user: UUID | None = None, **columns: Any) -> UUID:
        """Insert a job as a front end does; columns override a valid one's."""
        job = {"model_a": "Trained_yolov5", "model_b": "Trained_yolov8", "images": IMAGES} | columns
        names, marks = ", ".join(job), ", ".join("%s" for _ in job)
        query = f"insert into public.jobs ({names}) values ({marks}) returning id"
        job_id = self.value(query, *job.values(), role=role, user=user)
        assert isinstance(job_id, UUID)
        return job_id

    def job(self, job_id: UUID) -> Row:
        return self.row("select * from public.jobs where id = %s", job_id)

    def attempts(self, job_id: UUID) -> list[Row]:
        return self.rows("select * from public.job_attempts where job_id = %s order by started_at", job_id)

    def register(self, **arguments: Any) -> UUID:
        """Register a new agent."""
        agent_id = uuid4()
        card = {"p_name": "agent", "p_version": "0.1.0", "p_hardware": {"gpu": None}, "p_models": Names()}
        self.call("register_agent", p_agent_id=agent_id, **card | arguments)
        return agent_id

    def claim(self, agent_id: UUID, request_id: UUID | None = None, **arguments: Any) -> Row | None:
        rows = self.call("claim_job", p_agent_id=agent_id, p_request_id=request_id or uuid4(), **arguments)
        return rows[0] if rows else None

    def claimed(self, agent_id: UUID | None = None, **arguments: Any) -> Row:
        """Claim a job that must be there."""
        claim = self.claim(agent_id or self.register(), **arguments)
        assert claim is not None
        return claim

    def held_job(self, **columns: Any) -> "Held":
        """Insert a job and claim it."""
        self.insert_job(**columns)
        agent_id = self.register()
        claim = self.claimed(agent_id)
        return Held(self, agent_id, claim["job_id"], claim["lease_token"])

    def expire(self, job_id: UUID) -> None:
        """Let the time of the job's lease run out."""
        self.rows(
            "update public.job_leases set expires_at = clock_timestamp() - interval '1 ms' where job_id = %s", job_id
        )

    def cancel(self, job_id: UUID) -> str:
        """Cancel a job that belongs to nobody."""
        return self.answer("cancel_job", role="service_role", p_job_id=job_id)

    def retry(self, job_id: UUID) -> str:
        """Retry a failed job that belongs to nobody."""
        return self.answer("retry_job", role="service_role", p_job_id=job_id)

    def outcomes(self, job_id: UUID) -> list[str | None]:
        """How each attempt at the job ended, oldest first; None for one that lasts."""
        return [attempt["outcome"] for attempt in self.attempts(job_id)]

    @contextmanager
    def refused(self) -> Iterator["Refusal"]:
        """The block must be refused by the database; what it said is in the refusal."""
        refusal = Refusal()
        with pytest.raises(psycopg.Error) as error:
            yield refusal
        refusal.read(error.value.diag)


class Held:
    """A lease, and the calls that carry its token."""

    def __init__(self, database: Database, agent_id: UUID, job_id: UUID, token: UUID) -> None:
        self.database, self.agent_id, self.job_id, self.token = database, agent_id, job_id, token

    def on(self, database: Database) -> "Held":
        """The same lease, used through another connection."""
        return Held(database, self.agent_id, self.job_id, self.token)

    def _answer(self, function: str, **arguments: Any) -> str:
        return self.database.answer(function, p_job_id=self.job_id, p_lease_token=self.token, **arguments)

    def renew(self, **arguments: Any) -> str:
        return self._answer("renew_lease", **arguments)

    def complete(self, result: Mapping[str, Any] = RESULT, images: Sequence[Any] = IMAGE_RESULTS) -> str:
        return self._answer("complete_job", p_result=result, p_image_results=images)

    def fail(self, error: Any = None, *, transient: bool = False) -> str:
        return self._answer(
            "fail_job", p_error=error or {"code": "broken", "message": "It broke."}, p_transient=transient
        )

    def release(self) -> str:
        return self._answer("release_job")


class Refusal:
    """What the database said when it refused."""

    sqlstate: str | None = None
    message = detail = hint = ""

    def read(self, diagnostic: Diagnostic) -> None:
        self.sqlstate = diagnostic.sqlstate
        self.message = diagnostic.message_primary or ""
        self.detail = diagnostic.message_detail or ""
        self.hint = diagnostic.message_hint or ""


class Names(tuple[str, ...]):
    """A text[] argument, where a plain list would go as JSON."""


def _json(value: Any) -> Any:
    if isinstance(value, Names):
        return list(value)
    return Jsonb(value) if isinstance(value, dict | list) else value
