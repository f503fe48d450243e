"""What a queue that works for years leaves behind."""

from functools import partial

from tests.sql.database import Database, Held
from tests.sql.disorder import disorder
from tests.sql.meeting import meet, more_connections

RENEWALS = 1_000

# Jobs of 1.4 kB each, so that several share a page.
NEIGHBOURS = """
    insert into public.jobs (model_a, model_b, images, run_at)
    select 'Trained_yolov5', 'Trained_yolov8', images, clock_timestamp() + interval '1 day'
    from generate_series(1, 50), (
      select jsonb_agg(jsonb_build_object('image_path', format('https://images.test/%s.jpg', n), 'car_count', n))
      from generate_series(1, 20) as n
    ) as street (images)
"""
RENEW = """
    do $$
    begin
      for i in 1..{times} loop
        perform public.renew_lease('{job_id}', '{token}', 60, jsonb_build_object('phase', 'measure', 'done', i));
        commit;
      end loop;
    end $$
"""
UPDATES = """
    select relname, n_tup_upd as updates, n_tup_hot_upd as heap_only, pg_relation_size(relid) / 8192 as pages
    from pg_stat_user_tables where relname in ('jobs', 'job_leases', 'agent_heartbeats', 'agents')
"""


def test_a_thousand_renewals_and_their_progress_are_heap_only(own_database: Database) -> None:
    """River #59 and its like: updates that write index entries, and dead ones that pile up."""
    own_database.rows(NEIGHBOURS)
    own_database.rows(
        "update public.jobs set run_at = clock_timestamp() where ctid = (select min(ctid) from public.jobs)"
    )
    agent_id = own_database.register()
    claim = own_database.claimed(agent_id)
    before = updates(own_database)
    own_database.connection.execute(
        RENEW.format(times=RENEWALS, job_id=claim["job_id"], token=claim["lease_token"]).encode()
    )
    after = updates(own_database)
    for table in ("job_leases", "agent_heartbeats", "jobs"):
        made = {name: after[table][name] - before[table][name] for name in ("updates", "heap_only", "pages")}
        assert made["updates"] == RENEWALS, table
        assert made["heap_only"] >= 0.99 * RENEWALS, (table, made)
        assert made["pages"] <= 1, (table, made)
    assert after["agents"]["updates"] == before["agents"]["updates"]


def updates(database: Database) -> dict[str, dict[str, int]]:
    """Updates of each table so far, how many wrote no index, and the pages it has."""
    database.rows("select pg_stat_force_next_flush()")
    return {row.pop("relname"): row for row in database.rows(UPDATES)}


def test_pruning_an_agent_does_not_fail_its_claim(own_database: Database) -> None:
    """It was silent for long, and comes back just when its row is deleted."""
    job_id = own_database.insert_job()
    agent_id = own_database.register()
    own_database.rows("update public.agents set updated_at = updated_at - interval '1 day'")
    own_database.rows("update public.agent_heartbeats set seen_at = seen_at - interval '1 day'")
    prune = partial(own_database.answer, "prune_agents", "service_role", p_older_than="1 hour")
    with more_connections(own_database, 1) as (other,):
        pruned, claim = meet(own_database, prune, other, lambda: other.claimed(agent_id))
        assert (pruned, claim["job_id"]) == ("1", job_id)
        held = Held(other, agent_id, job_id, claim["lease_token"])
        assert (held.renew(), held.complete()) == ("renewed", "completed")
    assert disorder(own_database.connection) == []
