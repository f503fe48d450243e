"""The queue of this project."""

import uuid
from collections.abc import Sequence

import psycopg
from psycopg.types.json import Jsonb

from tests.bench.queue.contenders.contender import Contender
from tests.bench.queue.postgres import BenchPostgres
from tests.sql.database import IMAGES, RESULT

MODELS = ["Trained_yolov5", "Trained_yolov8"]
#: As agents write it, so that its tallies are part of what is timed.
_RESULT = RESULT | {"environment": {"hardware_fingerprint": "bench"}}


class Ours(Contender):
    """claim_job and complete_job, one connection a worker, as the agent calls them but without REST between."""

    unfinished = "select count(*) as count from public.jobs where status in ('pending', 'running')"

    def install(self, postgres: BenchPostgres) -> None:
        postgres.create_arena(self.database)

    def fill(self, uri: str, jobs: int) -> None:
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("truncate public.jobs, public.agents cascade")
            connection.execute(
                "insert into public.jobs (model_a, model_b, images) select %s, %s, %s from generate_series(1, %s)",
                [*MODELS, Jsonb(IMAGES), jobs],
            )

    def work(self, uri: str) -> None:
        with psycopg.connect(uri, autocommit=True) as connection:
            agent = Agent(connection)
            agent.register()
            while lease := agent.claim():
                agent.complete(*lease)


class Agent:
    """An agent's calls on one connection."""

    def __init__(
        self, connection: psycopg.Connection, agent_id: uuid.UUID | None = None, models: Sequence[str] = MODELS
    ) -> None:
        self._connection, self._id, self._models = connection, agent_id or uuid.uuid4(), list(models)

    def register(self) -> None:
        self._connection.execute("select public.register_agent(%s, 'bench', '0', '{}', %s)", [self._id, self._models])

    def claim(self) -> tuple[uuid.UUID, uuid.UUID] | None:
        """A job's id and its lease's token."""
        return self._connection.execute(
            "select job_id, lease_token from public.claim_job(%s, %s, p_models => %s)",
            [self._id, uuid.uuid4(), self._models],
        ).fetchone()

    def complete(self, job: uuid.UUID, token: uuid.UUID, images: list[dict[str, object]] | None = None) -> None:
        self._ask("select public.complete_job(%s, %s, %s, %s)", job, token, Jsonb(_RESULT), Jsonb(images or []))

    def renew(self, job: uuid.UUID, token: uuid.UUID) -> None:
        self._ask("select public.renew_lease(%s, %s)", job, token)

    def release(self, job: uuid.UUID, token: uuid.UUID) -> None:
        self._ask("select public.release_job(%s, %s)", job, token)

    def _ask(self, query: str, *values: object) -> None:
        row = self._connection.execute(query.encode(), values).fetchone()
        assert row is not None
        assert row[0] in ("completed", "renewed", "released"), row
