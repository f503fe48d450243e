"""What holds in every state of the queue, whatever has happened to it."""

from tests.sql.database import Database

# Each gives the rows that break it.
INVARIANTS = {
    "a job runs if and only if it has a lease": """
        select j.id, j.status from public.jobs j left join public.job_leases l on l.job_id = j.id
        where (j.status = 'running') <> (l.job_id is not null)""",
    "a lease is an attempt that has not ended": """
        select l.job_id as leased, a.job_id as attempted from public.job_leases l
        full join (select * from public.job_attempts where ended_at is null) a using (lease_token, job_id, agent_id)
        where l.job_id is null or a.job_id is null""",
    "a job has a result if and only if it succeeded": """
        select j.id, j.status from public.jobs j left join public.comparison_results r on r.job_id = j.id
        where (j.status = 'succeeded') <> (r.job_id is not null)""",
    "a job that succeeded did so once": """
        select j.id, j.status from public.jobs j
        left join public.job_attempts a on a.job_id = j.id and a.outcome = 'succeeded'
        group by j.id having count(a.job_id) <> (j.status = 'succeeded')::int""",
    "an image has results only if its job has": """
        select i.job_id from public.image_results i left join public.comparison_results r using (job_id)
        where r.job_id is null""",
    "an attempt is cancelled only with its job": """
        select j.id from public.jobs j join public.job_attempts a on a.job_id = j.id
        where a.outcome = 'cancelled' and j.status <> 'cancelled'""",
    "no attempt is spent that is not in the history": """
        select j.id, j.attempt from public.jobs j
        left join public.job_attempts a on a.job_id = j.id and a.outcome is distinct from 'released'
        group by j.id having j.attempt > count(a.job_id)""",
    "a failed attempt says why": """
        select job_id from public.job_attempts
        where outcome in ('failed', 'retrying', 'expired') and error is null""",
}


def broken_invariants(database: Database) -> dict[str, object]:
    """The invariants that do not hold, with the rows that break them; empty is well."""
    broken = {rule: database.rows(query) for rule, query in INVARIANTS.items()}
    return {rule: rows for rule, rows in broken.items() if rows}
