"""What became of a job, as the database tells it."""

from typing import Any

from tests.agent.queue import Queue


def attempts(queue: Queue, job: str) -> list[dict[str, Any]]:
    """A job's attempts in their order, each with its agent's name."""
    return queue.run(
        "select t.*, a.name as agent from public.job_attempts t join public.agents a on a.id = t.agent_id"
        " where t.job_id = %s order by t.started_at",
        [job],
    )


def outcomes(queue: Queue, job: str) -> list[tuple[str, str | None]]:
    """Who tried a job and how it went."""
    return [(row["agent"], row["outcome"]) for row in attempts(queue, job)]


def winners(queue: Queue, job: str) -> list[str]:
    """The agent of each of a job's results."""
    rows = queue.run(
        "select a.name from public.comparison_results r join public.agents a on a.id = r.agent_id where r.job_id = %s",
        [job],
    )
    return [row["name"] for row in rows]


def lease(queue: Queue, job: str) -> dict[str, Any]:
    """A running job's lease."""
    return queue.run("select * from public.job_leases where job_id = %s", [job])[0]


def expire(queue: Queue, job: str) -> None:
    """Let the time of a job's lease run out."""
    queue.run("update public.job_leases set expires_at = clock_timestamp() where job_id = %s", [job])


def succeeded(queue: Queue, job: str, seconds: float = 60.0) -> None:
    """Wait until a job has succeeded."""
    queue.await_job(job, lambda row: row["finished_at"] is not None, seconds)
    assert queue.job(job)["status"] == "succeeded", queue.job(job)


def running(queue: Queue, job: str, phase: str | None = None) -> None:
    """Wait until a job is being worked on, and is in that phase if one is named."""
    queue.await_job(
        job,
        lambda row: row["status"] == "running" and (phase is None or (row["progress"] or {}).get("phase") == phase),
    )
