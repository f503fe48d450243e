"""The claim walks its own index, however long the queue and however many jobs are done."""

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sql.database import IMAGES, Database, Names, make_it_supabase, migrate
from tests.sql.meeting import more_connections
from tests.sql.server import get_server

FINISHED = PENDING = 50_000
DEAD = 1_000
MODELS = ["Trained_yolov5", "Trained_yolov8", "detectron2", "efficientnet_b0", "roberta_base", "wav2vec2"]

# The jobs of a long-lived queue, with 1.4 kB of images each. Validation is off, since this is about the plan;
# autovacuum is too, so that nobody but the claim itself clears the way.
STREET = """
    (select jsonb_agg(jsonb_build_object('image_path', format('https://images.test/%s.jpg', n), 'car_count', n))
     from generate_series(1, 20) as n)
"""
FILL = f"""
    alter table public.jobs set (autovacuum_enabled = off);
    alter table public.jobs disable trigger user;
    insert into public.jobs (model_a, model_b, images, status, attempt, started_at, finished_at)
      select 'Trained_yolov5', 'Trained_yolov8', street, 'succeeded', 1, clock_timestamp(), clock_timestamp()
      from {STREET} as s (street), generate_series(1, {{finished}});
    insert into public.jobs (model_a, model_b, images, priority)
      select 'Trained_yolov5', 'Trained_yolov8', street, n % 5
      from {STREET} as s (street), generate_series(1, {{pending}}) as n;
    alter table public.jobs enable trigger user;
"""
FINISH_THE_HEAD = f"""
    alter table public.jobs disable trigger user;
    create temporary table head as
      select id from public.jobs where status = 'pending' order by priority desc, run_at, id limit {DEAD};
    update public.jobs set status = 'running', attempt = 1, started_at = clock_timestamp()
      where id in (select id from head);
    update public.jobs set status = 'succeeded', finished_at = clock_timestamp() where id in (select id from head);
    drop table head;
    alter table public.jobs enable trigger user;
"""
INSERT_FOR_OTHERS = """
    insert into public.jobs (model_a, model_b, images, priority)
      select 'Trained_yolov5', 'efficientnet_b0', '[{"image_path": "https://images.test/1.jpg", "car_count": 1}]', 10
      from generate_series(1, 10000)
"""
INSERT_FOR_TOMORROW = """
    insert into public.jobs (model_a, model_b, images, priority, run_at)
      select 'Trained_yolov5', 'Trained_yolov8', '[{"image_path": "https://images.test/1.jpg", "car_count": 1}]',
        10 + n % 20, clock_timestamp() + interval '1 day'
      from generate_series(1, 10000) as n
"""


@pytest.fixture(scope="module")
def committed_queue(create_database: Callable[[str], str], arena_template: str) -> Iterator[Database]:
    """100,000 jobs. What is done to them here stays until the module ends."""
    database = Database(create_database(arena_template))
    database.rows(FILL.format(finished=FINISHED, pending=PENDING))
    database.rows("analyze public.jobs")
    yield database
    database.rows("truncate public.jobs cascade")  # or the server writes it all to the disk as it stops
    database.close()


@pytest.fixture
def long_queue(committed_queue: Database) -> Iterator[Database]:
    """100,000 jobs. What is done to them is rolled back."""
    with committed_queue.connection.transaction(force_rollback=True):
        yield committed_queue


class Plan:
    """How the claim's own statement found the next job, measured by running it."""

    def __init__(self, explained: dict[str, Any]) -> None:
        self.nodes = [explained]
        for node in self.nodes:
            self.nodes += node.get("Plans", [])
        self.blocks = explained["Shared Hit Blocks"] + explained["Shared Read Blocks"]

    def __repr__(self) -> str:
        return f"{self.blocks} blocks; {self.nodes}"

    def walks_the_index(self) -> bool:
        """Whether it took the first entries of the index and locked one row: no sort, no other scan."""
        types = [node["Node Type"] for node in self.nodes]
        scan = self.nodes[-1]
        return (
            types == ["Limit", "LockRows", "Index Scan"]
            and scan["Index Name"] == "jobs_pending_by_turn"
            and [node["Actual Rows"] for node in self.nodes] == [1, 1, 1]
        )


def explain(database: Database, models: list[str] | None = None, mode: str = "force_generic_plan") -> Plan:
    """The plan of the statement in start_next_attempt, with that function's settings and parameters."""
    function = database.row("select prosrc, proconfig from pg_proc where proname = 'start_next_attempt'")
    (statement,) = re.findall(r"as materialized \((.+?)\n  \)", function["prosrc"], flags=re.DOTALL)
    statement = statement.replace("v_now", "$1").replace("v_models", "$2")
    with database.connection.transaction(force_rollback=True):
        for setting in (f"plan_cache_mode={mode}", *function["proconfig"]):
            database.rows("select set_config(%s, %s, true)", *setting.split("=", 1))
        database.rows(f"prepare next_job (timestamptz, text[]) as {statement}")
        arguments = database.value("select format('%%L, %%L', clock_timestamp(), %s::text[])", Names(models or MODELS))
        (explained,) = database.value(f"explain (analyze, buffers, format json) execute next_job ({arguments})")
        database.rows("deallocate next_job")
    return Plan(explained["Plan"])


each_mode = pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
each_models = pytest.mark.parametrize(
    "models", [None, ["Trained_yolov5", "Trained_yolov8"]], ids=["any_model", "two_models"]
)


@each_mode
@each_models
def test_the_claims_statement_walks_the_partial_index(
    long_queue: Database, models: list[str] | None, mode: str
) -> None:
    plan = explain(long_queue, models, mode)
    assert plan.walks_the_index(), plan
    assert plan.blocks < 50, plan


@each_mode
@each_models
def test_the_plan_is_the_same_before_the_first_statistics_are_made(
    database: Database, models: list[str] | None, mode: str
) -> None:
    database.rows(FILL.format(finished=2000, pending=2000))
    plan = explain(database, models, mode)
    assert plan.walks_the_index(), plan


def test_the_plan_is_the_same_for_an_agent_whose_models_are_rare(long_queue: Database) -> None:
    """The planner would rather sort all that wait than look through them for the one that it expects."""
    long_queue.insert_job(priority=6, model_a="detectron2", model_b="detectron2")
    plan = explain(long_queue, ["detectron2"], "force_custom_plan")
    assert plan.walks_the_index(), plan
    assert plan.blocks < 50, plan


def test_an_older_planner_walks_the_index_because_it_is_told_to() -> None:
    """Before Postgres 17 it would rather sort all that wait, until the first statistics are made."""
    with tempfile.TemporaryDirectory(prefix="arena-sql-") as folder:
        server = get_server(Path(folder) / "data", postgres_version=16)
        try:
            make_it_supabase(server.get_uri())
            migrate(server.get_uri())
            old = Database(server.get_uri())
            old.rows(FILL.format(finished=2000, pending=2000))
            assert explain(old).walks_the_index()
            old.rows("alter function arena.start_next_attempt reset enable_sort")
            assert not explain(old).walks_the_index()
            old.close()
        finally:
            server.cleanup()


def test_a_claim_reads_no_table_from_end_to_end(long_queue: Database) -> None:
    agent_id = long_queue.register()
    before = seq_scans(long_queue)
    for _ in range(8):  # the sixth may use a generic plan
        assert long_queue.claim(agent_id) is not None
    assert seq_scans(long_queue) == before


def test_there_is_no_other_way_to_the_next_job_without_the_index(long_queue: Database) -> None:
    """The plan tests can fail: without the index the claim sorts or reads everything."""
    long_queue.rows("drop index public.jobs_pending_by_turn")
    plan = explain(long_queue)
    assert not plan.walks_the_index()
    assert plan.blocks > 1000
    agent_id = long_queue.register()
    before = seq_scans(long_queue)
    assert long_queue.claim(agent_id) is not None
    assert seq_scans(long_queue) > before


def seq_scans(database: Database) -> int:
    """How often this transaction has read all of jobs."""
    return int(database.value("select coalesce(seq_scan, 0) from pg_stat_xact_user_tables where relname = 'jobs'"))


def test_a_whole_claim_reads_few_blocks(long_queue: Database) -> None:
    agent_id = long_queue.register()
    long_queue.claim(agent_id)  # what the functions themselves are is read once
    (explained,) = long_queue.value(
        "explain (analyze, buffers, format json)"
        " select * from public.claim_job("
        f"'{agent_id}', gen_random_uuid(), p_models => '{{Trained_yolov5,Trained_yolov8}}')"
    )
    plan = Plan(explained["Plan"])
    assert plan.nodes[0]["Actual Rows"] == 1
    assert plan.blocks < 200, plan


def test_a_claim_locks_one_job_of_all_that_wait(committed_queue: Database) -> None:
    """Oban #4: a limit that the planner may push away locks more than it takes."""
    head = committed_queue.rows(
        "select id from public.jobs where status = 'pending' order by priority desc, run_at, id limit 500"
    )
    agent_id = committed_queue.register()
    with (
        more_connections(committed_queue, 1) as (other,),
        committed_queue.connection.transaction(force_rollback=True),
    ):
        assert committed_queue.claimed(agent_id)["job_id"] == head[0]["id"]
        free = other.rows(
            "select id from public.jobs where id = any (%s::uuid[]) for update skip locked",
            Names(str(row["id"]) for row in head),
        )
    assert len(free) == len(head) - 1


def test_jobs_done_before_do_not_lie_in_the_way(committed_queue: Database) -> None:
    """What was claimed stays in the index as a dead entry until it is vacuumed; the first claim to come by marks it."""
    committed_queue.rows(FINISH_THE_HEAD)
    first, second = explain(committed_queue), explain(committed_queue)
    assert first.walks_the_index(), first
    assert DEAD < first.blocks < 2 * DEAD, "the dead were there"
    assert second.walks_the_index(), second
    assert second.blocks < 200, second


def test_jobs_done_while_somebody_reads_an_old_snapshot_cost_a_block_each(committed_queue: Database) -> None:
    """PgQue #80: nothing can be cleared away while a transaction may still have to see it."""
    with more_connections(committed_queue, 1) as (reader,):
        reader.connection.execute("begin isolation level repeatable read")
        reader.rows("select count(*) from public.models")
        committed_queue.rows(FINISH_THE_HEAD)
        plans = [explain(committed_queue) for _ in range(3)]
        assert all(plan.walks_the_index() and DEAD < plan.blocks < 1.2 * DEAD for plan in plans), plans
        reader.connection.execute("rollback")
    explain(committed_queue)
    assert explain(committed_queue).blocks < 200


def test_jobs_whose_time_has_not_come_are_passed_in_the_index(long_queue: Database) -> None:
    """River #59 and the like. 10,000 of them, of higher priority than all that are due."""
    long_queue.rows(INSERT_FOR_TOMORROW)
    plan = explain(long_queue)
    assert plan.walks_the_index(), plan
    assert plan.nodes[-1].get("Rows Removed by Filter", 0) == 0, "none was fetched to look at its time"
    assert plan.blocks < 500, plan


@each_mode
def test_jobs_for_other_agents_are_passed_in_the_index(long_queue: Database, mode: str) -> None:
    """Those that no agent can run pile up, and every claim meets them (Oban #1498)."""
    long_queue.rows(INSERT_FOR_OTHERS)
    plan = explain(long_queue, ["Trained_yolov5", "Trained_yolov8"], mode)
    assert plan.walks_the_index(), plan
    assert plan.nodes[-1].get("Rows Removed by Filter", 0) == 0, "none was fetched to look at its models"
    assert plan.blocks < 500, plan


def test_a_queue_of_jobs_for_other_agents_does_not_hide_ours(long_queue: Database) -> None:
    ours = long_queue.insert_job(model_a="detectron2", model_b="detectron2", images=IMAGES)
    claim = long_queue.claim(long_queue.register(), p_models=Names(["detectron2"]))
    assert claim is not None
    assert claim["job_id"] == ours
