"""``arena jobs``: what is in the queue, what became of one job, and whether it runs again."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

from agent.commands.options import given
from agent.job_list import JobList, Status

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")

_PIPE_COLUMNS = 200  # a job stays on one line for grep

_STATUS_HELP = f"Only jobs that are {', '.join(Status)}; may be repeated."

Id = Annotated[str, typer.Argument(metavar="ID", help="The job's id, or its beginning: 4 characters or more.")]
Url = Annotated[str | None, typer.Option(help="SUPABASE_URL, unless it is in .env.")]
Key = Annotated[str | None, typer.Option(help="SUPABASE_KEY or SUPABASE_PUBLISHABLE_KEY, unless it is in .env.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


@app.callback()
def jobs() -> None:
    """Show, retry and cancel jobs.

    With the secret key as SUPABASE_KEY, every job; with SUPABASE_PUBLISHABLE_KEY alone, the jobs that belong to
    nobody, to be read only.

    Example: `arena jobs list --status failed`
    """


@app.command("list")
def list_jobs(
    status: Annotated[list[Status] | None, typer.Option(metavar="STATUS", help=_STATUS_HELP)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead, without the jobs' images.")] = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List jobs, newest first, and the agents that are alive."""
    from agent.show_jobs import JobTable, agents_view

    with _open(url, key) as queue:
        found = queue.newest(status or (), limit)
        if as_json:
            _print_json(found)
            return
        _print(JobTable(found) if found else _nothing(status or ()), "", agents_view(queue.live_agents()))


@app.command()
def show(job_id: Id, as_json: AsJson = False, url: Url = None, key: Key = None) -> None:
    """Show one job: its images, its attempts, its result, and what it waits for."""
    from agent.show_jobs import job_view

    with _open(url, key) as queue:
        job = queue.find(job_id)
    if as_json:
        _print_json(job)
    else:
        _print(job_view(job))


@app.command()
def retry(job_id: Id, url: Url = None, key: Key = None) -> None:
    """Make a failed job pending again, with all its attempts."""
    with _open(url, key) as queue:
        job = queue.retry(job_id)
    if job["changed"]:
        _say(job)
    else:
        _print(f"job {job['id']} is {job['status']} already; only a failed job is retried.")


@app.command()
def cancel(job_id: Id, url: Url = None, key: Key = None) -> None:
    """Cancel a pending or running job; its agent stops at once, at the latest when it renews its lease."""
    with _open(url, key) as queue:
        _say(queue.cancel(job_id))


def _open(url: str | None, key: str | None) -> JobList:
    from agent.settings import load_queue_settings

    settings = load_queue_settings(**given(SUPABASE_URL=url, SUPABASE_KEY=key))
    return JobList(settings.url, settings.key)


def _print(*parts: RenderableType) -> None:
    if sys.stdout.isatty():
        Console(highlight=False).print(*parts, sep="\n")
        return
    console = Console(width=_PIPE_COLUMNS, highlight=False)
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _nothing(statuses: Sequence[str]) -> str:
    if statuses:
        return f"There is no {' or '.join(statuses)} job."
    return "The queue is empty. `arena submit` inserts a job."


def _say(job: dict[str, Any]) -> None:
    _print(f"[green]✓[/] job {job['id']} is {job['status']}")
