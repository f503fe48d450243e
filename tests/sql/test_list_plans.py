"""What a page lists first comes out of an index, however many results and jobs there are."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sql.database import Database
from tests.sql.test_lists import A, B

MANY = 20_000
# One model fought 26 battles among thousands. Triggers are off, since this is about the plans.
FILL = f"""
    alter table public.jobs disable trigger user;
    alter table public.comparison_results disable trigger user;
    insert into public.jobs (model_a, model_b, images, status, attempt, started_at, finished_at)
      select '{B}', 'detectron2', '[]', (array['succeeded', 'succeeded', 'cancelled'])[1 + n % 3], 1,
        clock_timestamp(), clock_timestamp() - make_interval(secs => n)
      from generate_series(1, {MANY}) as n;
    insert into public.comparison_results
      (job_id, model_a_id, model_b_id, model_a_metrics, model_b_metrics, winner, verdict, environment)
      select id, case when n % 1000 = 1 then '{A}' else model_a end, case when n % 1000 = 2 then '{A}' else model_b end,
        '{{}}', '{{}}', 'tie', '{{}}', '{{}}'
      from (select *, row_number() over () as n from public.jobs) as job where status = 'succeeded';
    alter table public.comparison_results enable trigger user;
    alter table public.jobs enable trigger user;
    analyze public.jobs, public.comparison_results;
"""
HISTORY = f"select * from public.model_history where model_id = '{A}' order by created_at desc limit 50"
#: As the page asks through PostgREST: `status=in.(…)&order=finished_at.desc.nullslast`.
ENDED = """
    select * from public.job_list where status = any ('{succeeded,failed,cancelled}')
    order by finished_at desc nulls last limit 50
"""


@pytest.fixture(scope="module")
def filled(create_database: Callable[[str], str], arena_template: str) -> Iterator[Database]:
    database = Database(create_database(arena_template))
    database.rows(FILL)
    yield database
    database.rows("truncate public.jobs cascade")  # or the server writes it all to the disk as it stops
    database.close()


def nodes(database: Database, query: str, role: str) -> list[dict[str, Any]]:
    """Of the plan, the outermost first, measured by running it."""
    (explained,) = database.value(f"explain (analyze, format json) {query}", role=role)
    found = [explained["Plan"]]
    for node in found:
        found += node.get("Plans", [])
    return found


@pytest.mark.parametrize("role", ["anon", "service_role"])
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (HISTORY, {"comparison_results_by_model_a", "comparison_results_by_model_b"}),
        (ENDED, {"jobs_newest_ended"}),
    ],
    ids=["history", "ended"],
)
def test_a_list_reads_what_it_shows(filled: Database, query: str, indexes: set[str], role: str) -> None:
    plan = nodes(filled, query, role)
    assert indexes <= {node.get("Index Name") for node in plan}
    assert most_rows(plan) <= 50, plan
    assert plan[0]["Actual Rows"] == (50 if query is ENDED else 26)


def test_without_their_indexes_they_would_read_everything(filled: Database) -> None:
    """The test can fail."""
    with filled.connection.transaction(force_rollback=True):
        filled.rows("drop index public.jobs_newest_ended, public.comparison_results_by_model_a")
        for query in (HISTORY, ENDED):
            assert most_rows(nodes(filled, query, "anon")) > MANY / 2


def most_rows(plan: list[dict[str, Any]]) -> float:
    """That any part of it read."""
    return max(float(node["Actual Rows"]) + float(node.get("Rows Removed by Filter", 0)) for node in plan)
