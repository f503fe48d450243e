"""What must never be so in the database, whatever has been called."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import scalar_row

LEGAL = {
    ("pending", "running"), ("pending", "cancelled"), ("running", "succeeded"), ("running", "failed"),
    ("running", "cancelled"), ("running", "pending"), ("failed", "pending"),
}  # fmt: skip

# Each gives the rows that should not be.
NEVER = {
    "two live tokens for one job":
        "select job_id from public.job_leases group by job_id having count(*) > 1",
    "two open attempts at one job":
        "select job_id from public.job_attempts where ended_at is null group by job_id having count(*) > 1",
    "a running job without a lease, or a lease on a job that does not run":
        "select id from public.jobs j where (status = 'running')"
        " <> exists (select from public.job_leases l where l.job_id = j.id)",
    "an open attempt without its lease, or a lease without its open attempt":
        "select lease_token from (select lease_token, job_id, agent_id from public.job_leases) l"
        " full join (select lease_token, job_id, agent_id from public.job_attempts where ended_at is null) a"
        " using (lease_token, job_id, agent_id) where l is null or a is null",
    "an attempt that has ended without an outcome, or not ended with one":
        "select lease_token from public.job_attempts where (ended_at is null) <> (outcome is null)",
    "two results of one job":
        "select job_id from public.comparison_results group by job_id having count(*) > 1",
    "a succeeded job without a result, or a result of one that has not succeeded":
        "select id from public.jobs j where (status = 'succeeded')"
        " <> exists (select from public.comparison_results r where r.job_id = j.id)",
    "results of images without a result":
        "select job_id from public.image_results where job_id not in (select job_id from public.comparison_results)",
    "more attempts than allowed, or one spent by nobody":
        "select id from public.jobs j where attempt > max_attempts or attempt >"
        " (select count(*) from public.job_attempts a where a.job_id = j.id and outcome is distinct from 'released')",
    "a succeeded job without an attempt that succeeded, or with two":
        "select id from public.jobs j where (status = 'succeeded')::int <>"
        " (select count(*) from public.job_attempts a where a.job_id = j.id and a.outcome = 'succeeded')",
    "a cancelled attempt at a job that is not":
        "select j.id from public.jobs j join public.job_attempts a on a.job_id = j.id"
        " where a.outcome = 'cancelled' and j.status <> 'cancelled'",
    "an attempt that failed without saying why":
        "select job_id from public.job_attempts where outcome in ('failed', 'retrying', 'expired') and error is null",
    "an agent at work on a job that it never claimed, or without a job":
        "select id from public.agents g where (status = 'working') <> (job_id is not null) or job_id is not null and"
        " not exists (select from public.job_attempts a where a.job_id = g.job_id and a.agent_id = g.id)",
    "a lease past its deadline":
        "select job_id from public.job_leases where expires_at > deadline_at",
}  # fmt: skip
_DISORDER = " union all ".join(f"select '{what}' where exists ({rows})" for what, rows in NEVER.items())


def disorder(connection: psycopg.Connection[Any]) -> list[str]:
    """Which of NEVER is so."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(_DISORDER.encode()).fetchall()


def illegal_transitions(before: Mapping[UUID, str], after: Mapping[UUID, str]) -> dict[UUID, tuple[str, str]]:
    """Jobs that went from a status to one that may not follow it, in one call."""
    changes = {job: (status, after[job]) for job, status in before.items() if after[job] != status}
    return {job: change for job, change in changes.items() if change not in LEGAL}
