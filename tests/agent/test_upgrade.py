"""An agent of today at a database of the first contract, and that database as it is brought up to date."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from agent import migrate as module
from agent.migrate import migrate
from agent.store import CONTRACT
from local import LocalStack
from sql.migration import migrations
from tests.agent.agent_process import SCENES, Agents
from tests.agent.queue import Queue, until
from tests.agent.quick_agent import RESULT
from tests.sql.database import WIDE_OPEN

LAST_OF_CONTRACT_1 = "20261124200200"
KEPT = (
    *("models", "jobs", "job_leases", "job_attempts", "comparison_results", "image_results", "agents"),
    *("agent_heartbeats", "arena_settings", "machines", "battle_tallies", "ratings"),
)


@pytest.fixture
def old_stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """A stack whose database has the first contract."""
    old = [migration for migration in migrations() if migration.version <= LAST_OF_CONTRACT_1]
    with LocalStack() as stack:
        with monkeypatch.context() as patched:
            patched.setattr(module, "migrations", lambda: old)
            migrate(stack.database_url)
        with psycopg.connect(stack.database_url) as connection:
            connection.execute(WIDE_OPEN)
        stack.reload_schema()
        yield stack


def work_a_job_as_then(queue: Queue) -> str:
    """Register, claim and complete with the calls of an agent of the first contract."""
    agent_id, job_id = uuid4(), queue.insert()
    queue.run("select public.register_agent(%s, 'old', '0.1.0', '{}', '{Trained_yolov5,Trained_yolov8}')", [agent_id])
    (claim,) = queue.run("select * from public.claim_job(%s, %s)", [agent_id, uuid4()])
    result = RESULT | {"environment": {"hardware_fingerprint": "f"}}
    images = [{"side": "a", "image_index": 0, "predicted_count": 1}]
    queue.run(
        "select public.complete_job(%s, %s, %s, %s)",
        [claim["job_id"], claim["lease_token"], Jsonb(result), Jsonb(images)],
    )
    return job_id


def rows(queue: Queue) -> dict[str, list[dict[str, Any]]]:
    """All there are, of every table of then."""
    return {table: queue.run(f"select * from public.{table} order by {table}::text") for table in KEPT}


def are_kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether each row is what it was, but for columns that are new."""
    return all(
        new.items() >= old.items()
        for table, old_rows in before.items()
        for old, new in zip(old_rows, after[table], strict=True)
    )


def test_an_agent_waits_for_its_database_to_be_migrated_and_then_works(old_stack: LocalStack, tmp_path: Path) -> None:
    with psycopg.connect(old_stack.database_url, autocommit=True) as connection:
        queue = Queue(connection)
        done, waiting = work_a_job_as_then(queue), queue.insert(SCENES)
        before = rows(queue)
        with Agents(old_stack, tmp_path).quick("new") as agent:
            failed = agent.await_line("store_failed")
            assert failed["kind"] == "NotMigrated"
            assert failed["event"].startswith("The database is older than this agent, or has nothing of the arena yet.")
            assert "Run `arena migrate --database-url" in failed["event"]
            until(lambda: len(agent.lines("store_failed")) >= 3)
            assert rows(queue) == before, "it has claimed nothing and written nothing"
            assert [table for table in KEPT if not before[table]] == ["job_leases", "ratings"], (
                "the rest has rows to lose"
            )
            agent.freeze()  # or it may be at work before the rows are looked at
            migrate(old_stack.database_url)
            assert are_kept(before, rows(queue))
            agent.thaw()
            assert queue.await_job(waiting, lambda job: bool(job["finished_at"]))["status"] == "succeeded"
            assert agent.alive
        assert queue.job(done)["status"] == "succeeded"
        names = queue.run("select name, contract from public.agents order by name")
        assert names == [{"name": "new", "contract": CONTRACT}, {"name": "old", "contract": 1}]
