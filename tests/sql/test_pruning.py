"""Deleting what has been over for long."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.sql.database import Database, Held, Names


def prune(database: Database, **arguments: Any) -> int:
    return int(database.answer("prune_jobs", role="service_role", **{"p_older_than": "30 days", **arguments}))


def age(database: Database, job_id: UUID, days: int) -> None:
    database.rows(
        "update public.jobs set finished_at = finished_at - make_interval(days => %s) where id = %s", days, job_id
    )


def ended(database: Database, status: str, days: int) -> UUID:
    """A job that ended so, that long ago."""
    held = database.held_job()
    end: dict[str, Callable[[], str]] = {
        "succeeded": held.complete,
        "failed": held.fail,
        "cancelled": lambda: cancel(held),
    }
    end[status]()
    assert database.job(held.job_id)["status"] == status
    age(database, held.job_id, days)
    return held.job_id


def cancel(held: Held) -> str:
    return held.database.answer("cancel_job", role="service_role", p_job_id=held.job_id)


def left(database: Database) -> set[UUID]:
    return {row["id"] for row in database.rows("select id from public.jobs")}


def test_what_ended_long_ago_goes_with_all_that_belongs_to_it(database: Database) -> None:
    ended(database, "succeeded", days=31)
    assert prune(database) == 1
    for table in ("jobs", "job_attempts", "comparison_results", "image_results"):
        assert database.value(f"select count(*) from public.{table}") == 0


def test_what_is_young_waits_or_runs_stays(database: Database) -> None:
    young = ended(database, "succeeded", days=29)
    running = database.held_job().job_id
    database.rows("update public.jobs set created_at = '2020-01-01', started_at = '2020-01-01'")
    pending = database.insert_job("service_role", created_at="2020-01-01", run_at="2020-01-01")
    assert prune(database) == 0
    assert left(database) == {young, running, pending}


def test_results_are_kept_where_succeeded_jobs_are(database: Database) -> None:
    succeeded = ended(database, "succeeded", days=31)
    for status in ("failed", "cancelled"):
        ended(database, status, days=31)
    assert prune(database, p_statuses=Names(["failed", "cancelled"])) == 2
    assert left(database) == {succeeded}
    assert database.value("select count(*) from public.comparison_results") == 1


def test_the_oldest_go_first_and_no_more_than_asked(database: Database) -> None:
    jobs = [ended(database, "failed", days) for days in (40, 60, 50)]
    assert prune(database, p_limit=2) == 2
    assert left(database) == {jobs[0]}


def test_a_job_that_somebody_retries_at_this_moment_is_left_alone(own_database: Database) -> None:
    job_id = ended(own_database, "failed", days=31)
    other = Database(own_database.uri)
    with own_database.connection.transaction():
        assert own_database.answer("retry_job", role="service_role", p_job_id=job_id) == "pending"
        assert prune(other) == 0
    other.close()
    assert own_database.job(job_id)["status"] == "pending"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"p_older_than": "-1 day"}, "p_older_than"),
        ({"p_older_than": None}, "p_older_than"),
        ({"p_older_than": "9999999 years"}, "p_older_than"),
        ({"p_statuses": Names(["failed", "running"])}, "p_statuses"),
        ({"p_limit": 0}, "p_limit"),
    ],
)
def test_a_senseless_request_deletes_nothing(database: Database, arguments: dict[str, Any], field: str) -> None:
    job_id = ended(database, "failed", days=31)
    with database.refused() as refusal:
        prune(database, **arguments)
    assert (refusal.sqlstate, refusal.detail) == ("22023", f"field={field}")
    assert left(database) == {job_id}


FILL = """
    alter table public.jobs disable trigger user;
    insert into public.jobs (model_a, model_b, images, status, attempt, started_at, finished_at)
      select 'Trained_yolov5', 'Trained_yolov8', '[]', 'succeeded', 1, now(), now() - make_interval(mins => n)
      from generate_series(1, 5000) as n;
    alter table public.jobs enable trigger user;
    analyze public.jobs;
"""


def test_pruning_reads_its_index(database: Database) -> None:
    database.rows(FILL)
    plan = "\n".join(
        row["QUERY PLAN"]
        for row in database.rows(
            "explain (generic_plan) select id from public.jobs"
            " where finished_at < $1 and status = any ($2::text[]) order by finished_at limit $3 for update skip locked"
        )
    )
    assert "Index Scan using jobs_by_end" in plan
    assert "Sort" not in plan


def test_agents_not_heard_of_for_long_go_and_their_results_stay(database: Database) -> None:
    gone = database.held_job()
    gone.complete()
    database.rows("update public.agents set updated_at = updated_at - interval '2 days'")
    database.rows("update public.agent_heartbeats set seen_at = seen_at - interval '2 days'")
    alive = database.register()
    database.rows("update public.agents set updated_at = updated_at - interval '2 days' where id = %s", alive)
    assert database.answer("prune_agents", role="service_role", p_older_than="1 day") == "1"
    assert [row["id"] for row in database.rows("select id from public.agents")] == [alive]
    assert database.value("select agent_id from public.comparison_results") == gone.agent_id


def test_an_agent_that_holds_a_lease_stays(database: Database) -> None:
    database.held_job()
    assert database.answer("prune_agents", role="service_role", p_older_than="0") == "0"


def test_an_agent_that_somebody_else_has_locked_is_not_waited_for(own_database: Database) -> None:
    """prune_jobs locks agents too, in the order of the jobs they worked on: waiting for it could be for ever."""
    own_database.register()
    own_database.rows("update public.agents set updated_at = updated_at - interval '2 days'")
    own_database.rows("update public.agent_heartbeats set seen_at = seen_at - interval '2 days'")
    other = Database(own_database.uri)
    with own_database.connection.transaction():
        own_database.rows("select id from public.agents for update")
        assert other.answer("prune_agents", role="service_role", p_older_than="1 day") == "0"
    assert other.answer("prune_agents", role="service_role", p_older_than="1 day") == "1"
    other.close()


def test_agents_are_not_pruned_by_a_senseless_age(database: Database) -> None:
    database.register()
    with database.refused() as refusal:
        database.answer("prune_agents", role="service_role", p_older_than="-1 day")
    assert refusal.detail == "field=p_older_than"
