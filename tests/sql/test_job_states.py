"""Which states follow which, and what the rows of each state look like."""

from itertools import permutations
from uuid import UUID

import pytest

from tests.sql.database import Database

STATES = {
    "pending": "attempt = 0, started_at = null, finished_at = null, error = null",
    "running": "attempt = 1, started_at = now(), finished_at = null",
    "succeeded": "attempt = 1, started_at = now(), finished_at = now(), error = null",
    "failed": "finished_at = now(), error = '{}'",
    "cancelled": "finished_at = now()",
}
LEGAL = {
    ("pending", "running"), ("pending", "cancelled"),
    ("running", "succeeded"), ("running", "failed"), ("running", "cancelled"), ("running", "pending"),
    ("failed", "pending"),
}  # fmt: skip
WAY = {
    "pending": [], "running": ["running"], "cancelled": ["cancelled"],
    "succeeded": ["running", "succeeded"], "failed": ["running", "failed"],
}  # fmt: skip


def go(database: Database, job_id: UUID, state: str) -> None:
    database.rows(f"update public.jobs set status = '{state}', {STATES[state]} where id = %s", job_id)


@pytest.mark.parametrize(("old", "new"), list(permutations(STATES, 2)))
def test_only_these_states_follow_each_other(database: Database, old: str, new: str) -> None:
    job_id = database.insert_job()
    for state in WAY[old]:
        go(database, job_id, state)
    if (old, new) in LEGAL:
        go(database, job_id, new)
        assert database.job(job_id)["status"] == new
    else:
        with database.refused() as refusal:
            go(database, job_id, new)
        assert refusal.sqlstate == "23514"
        assert refusal.message == f"A job cannot go from {old} to {new}."
        assert "claim_job" in refusal.hint


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'done'", "jobs_status_known"),
        ("finished_at = now()", "jobs_finished_at_means_finished"),
        ("started_at = now()", "jobs_pending_has_not_started"),
        ("attempt = 4", "jobs_attempt_within_limit"),
        ("attempt = 3", "jobs_pending_has_attempts_left"),
        ("status = 'running'", "jobs_running"),
        ("status = 'cancelled'", "jobs_finished_at_means_finished"),
        ("progress = '[]'", "jobs_progress_is_an_object"),
        ("error = '\"x\"'", "jobs_error_is_an_object"),
    ],
)
def test_a_row_must_fit_its_state(database: Database, change: str, constraint: str) -> None:
    database.insert_job()
    with database.refused() as refusal:
        database.rows(f"alter table public.jobs disable trigger jobs_guard_transition; update public.jobs set {change}")
    assert refusal.sqlstate == "23514"
    assert constraint in refusal.message


def test_a_failed_job_says_why(database: Database) -> None:
    held = database.held_job()
    with database.refused() as refusal:
        database.rows("update public.jobs set status = 'failed', finished_at = now() where id = %s", held.job_id)
    assert "jobs_failed_has_an_error" in refusal.message
