"""That the check of the queue's order can fail: each thing that no constraint forbids is done, and seen."""

import pytest

from tests.sql.database import Database
from tests.sql.disorder import NEVER, disorder, illegal_transitions

DONE = [
    ("delete from public.job_leases", "a running job without a lease, or a lease on a job that does not run"),
    (
        "update public.jobs set status = 'pending', attempt = 0, started_at = null where status = 'running'",
        "a running job without a lease, or a lease on a job that does not run",
    ),
    ("delete from public.job_leases", "an open attempt without its lease, or a lease without its open attempt"),
    ("delete from public.job_attempts", "an open attempt without its lease, or a lease without its open attempt"),
    (
        "update public.job_leases set agent_id = gen_random_uuid()",
        "an open attempt without its lease, or a lease without its open attempt",
    ),
    (
        "insert into public.job_attempts (lease_token, job_id, attempt, agent_id, request_id, started_at)"
        " select gen_random_uuid(), job_id, 2, agent_id, gen_random_uuid(), started_at from public.job_attempts"
        " where ended_at is null",
        "two open attempts at one job",
    ),
    (
        "delete from public.comparison_results",
        "a succeeded job without a result, or a result of one that has not succeeded",
    ),
    ("delete from public.comparison_results", "results of images without a result"),
    (
        "update public.jobs set attempt = 2 where status = 'running'",
        "more attempts than allowed, or one spent by nobody",
    ),
    (
        "update public.job_attempts set outcome = 'released' where ended_at is not null",
        "more attempts than allowed, or one spent by nobody",
    ),
    (
        "update public.job_attempts set outcome = 'cancelled' where ended_at is not null",
        "a succeeded job without an attempt that succeeded, or with two",
    ),
    (
        "update public.job_attempts set outcome = 'cancelled' where ended_at is not null",
        "a cancelled attempt at a job that is not",
    ),
    (
        "update public.job_attempts set outcome = 'expired' where ended_at is not null",
        "an attempt that failed without saying why",
    ),
    (
        "update public.agents set status = 'working'",
        "an agent at work on a job that it never claimed, or without a job",
    ),
    (
        "update public.agents set status = 'working', job_id = (select job_id from public.comparison_results)",
        "an agent at work on a job that it never claimed, or without a job",
    ),
]


@pytest.mark.parametrize(("query", "what"), DONE)
def test_disorder_is_seen(database: Database, query: str, what: str) -> None:
    database.held_job().complete()
    database.held_job()
    assert what in NEVER
    assert disorder(database.connection) == []
    database.rows(query)
    assert what in disorder(database.connection)


def test_an_illegal_transition_is_seen(database: Database) -> None:
    job, other = database.insert_job(), database.insert_job()
    before = {job: "succeeded", other: "failed"}
    assert illegal_transitions(before, {job: "running", other: "pending"}) == {job: ("succeeded", "running")}
