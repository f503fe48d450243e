"""``arena submit``: insert a job as a front end does."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from agent.commands.options import Images, JobOptions, JsonFile, given, parse_job_options, write_json
from agent.errors import JobEnded
from agent.front_end import FrontEnd, JobResult
from agent.show import PhaseBar
from agent.show_result import result_view


def submit(
    model_a: Annotated[str, typer.Argument(help="Model id.")],
    model_b: Annotated[str, typer.Argument(help="The other model's id.")],
    images: Images,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it and show the result.")] = False,
    json_file: JsonFile = None,
    option: JobOptions = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Names this job: again with the same key, it is the job that is there."),
    ] = None,
    url: Annotated[str | None, typer.Option(help="SUPABASE_URL, unless it is in .env.")] = None,
    key: Annotated[str | None, typer.Option(help="SUPABASE_PUBLISHABLE_KEY, unless it is in .env.")] = None,
) -> None:
    """Insert a job with the publishable key; an agent somewhere will take it.

    The image paths of the manifest go into the job as they stand, so they must be ones which the
    agent can read: https:// addresses, storage://bucket/path, or paths under its ARENA_IMAGE_ROOT
    where the arena takes such.

    Example: `arena submit Trained_yolov5 Trained_yolov8 --images photos/manifest.json --wait`
    """
    from agent.manifest import read_manifest
    from agent.settings import load_front_end_settings

    settings = load_front_end_settings(**given(SUPABASE_URL=url, SUPABASE_PUBLISHABLE_KEY=key))
    _, items = read_manifest(images)
    console = Console()
    with FrontEnd(settings.url, settings.publishable_key.get_secret_value()) as front_end:
        job = front_end.submit(model_a, model_b, items, parse_job_options(option), idempotency_key)
        over = "" if job["status"] == "pending" else f", {job['status']}"
        console.print(f"[green]✓[/] job {job['id']}: {len(items)} images{over}", soft_wrap=True)
        if wait:
            result = asyncio.run(follow(front_end, job["id"], console))
            console.print(result_view(result.row))
            write_json(json_file, result.row)


async def follow(front_end: FrontEnd, job_id: str, console: Console) -> JobResult:
    """Show a job's progress until its result is here; raises JobEnded if it comes to none."""
    job: Any = None
    with PhaseBar(console) as bar:
        async for item in front_end.watch(job_id):
            if isinstance(item, JobResult):
                return item
            job = item.job
            bar.update_job(job, item.waiting_for)
    raise JobEnded(_why(job))


def _why(job: Any) -> str:
    error = job.get("error") or {}
    return f"The job {job['status']}: {error.get('message', 'no reason was given')}"
