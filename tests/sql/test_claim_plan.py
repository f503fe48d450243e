"""The claim walks its own index, however long the queue and however many jobs are done."""

import re

import pytest

from tests.sql.database import IMAGES, Database, Names

# The jobs of a long-lived queue; validation is off, since this is about the plan.
FILL = """
    alter table public.jobs disable trigger user;
    insert into public.jobs (model_a, model_b, images, status, attempt, started_at, finished_at)
      select 'Trained_yolov5', 'Trained_yolov8', '[]', 'succeeded', 1, now(), now() from generate_series(1, 6000);
    insert into public.jobs (model_a, model_b, images, priority)
      select 'Trained_yolov5', 'Trained_yolov8', '[]', n % 5 from generate_series(1, 4000) as n;
    alter table public.jobs enable trigger user;
    analyze public.jobs;
"""


@pytest.fixture
def long_queue(database: Database) -> Database:
    database.rows(FILL)
    return database


def test_the_claims_statement_reads_the_partial_index_in_order(long_queue: Database) -> None:
    source = long_queue.value("select prosrc from pg_proc where proname = 'start_next_attempt'")
    (statement,) = re.findall(r"as materialized \((.+?)\n  \)", source, flags=re.DOTALL)
    statement = statement.replace("v_now", "$1").replace("p_models", "$2::text[]")
    plan = "\n".join(row["QUERY PLAN"] for row in long_queue.rows(f"explain (generic_plan) {statement}"))
    assert "Index Scan using jobs_pending_by_turn on jobs" in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


def test_a_claim_reads_no_table_from_end_to_end(long_queue: Database) -> None:
    agent_id = long_queue.register()
    seen = "select coalesce(seq_scan, 0) from pg_stat_xact_user_tables where relname = 'jobs'"
    before = long_queue.value(seen)
    for _ in range(8):  # the sixth may use a generic plan
        assert long_queue.claim(agent_id) is not None
    assert long_queue.value(seen) == before


def test_there_is_no_other_way_to_the_next_job_without_the_index(long_queue: Database) -> None:
    """The plan test can fail: without the index the claim sorts or reads everything."""
    long_queue.rows("drop index public.jobs_pending_by_turn")
    agent_id = long_queue.register()
    seen = "select coalesce(seq_scan, 0) from pg_stat_xact_user_tables where relname = 'jobs'"
    before = long_queue.value(seen)
    assert long_queue.claim(agent_id) is not None
    assert long_queue.value(seen) > before


def test_a_queue_of_jobs_for_other_agents_does_not_hide_ours(long_queue: Database) -> None:
    ours = long_queue.insert_job(model_a="detectron2", model_b="detectron2", images=IMAGES)
    claim = long_queue.claim(long_queue.register(), p_models=Names(["detectron2"]))
    assert claim is not None
    assert claim["job_id"] == ours
