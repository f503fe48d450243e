"""``arena demo``: the whole way of a job on this machine."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import demo as demo_package
from agent.commands.compare import write_json
from agent.commands.stack import wait_for_signal
from agent.commands.submit import follow
from agent.errors import AgentError
from agent.front_end import FrontEnd, JobResult
from agent.job import utc
from agent.manifest import read_manifest
from agent.migrate import migrate
from agent.show import result_view
from local import LocalStack
from local.postgres import GUARD_FILE

DEMO = Path(demo_package.__file__).parent

_AGENT_READY_SECONDS = 60.0
_MODELS = ("Trained_yolov5", "Trained_yolov8")
# The carbon figure needs a grid; the user's ARENA_COUNTRY goes before this one.
_COUNTRY = "USA"


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Leave when the result is there, instead of staying up.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on; a free one by default.")] = None,
) -> None:
    """Start everything here, run one battle, and show the winner.

    Postgres, REST, Auth and Realtime on this machine; an agent as a process of its own; a job
    inserted with the publishable key as a front end would; the result as it arrives by Realtime.
    The two models are small stand-ins trained on generated street scenes.
    """
    console = Console()
    console.print("[bold]Vision Arena[/] demo\n")
    with _stack(console, port) as stack, _agent(console, stack):
        with FrontEnd(stack.url, stack.publishable_key) as front_end:
            result = _battle(console, front_end)
        console.print(result_view(result.row))
        console.print(_summary(result))
        write_json(json_file, result.row)
        if not once:
            _stay(console, stack)


@contextmanager
def _stack(console: Console, port: int | None) -> Iterator[LocalStack]:
    with console.status("starting Postgres, REST, Auth and Realtime…"):
        started = time.perf_counter()
        stack = LocalStack(port=port)
        stack.start()
    try:
        _tick(console, "local stack", stack.url, started)
        started = time.perf_counter()
        applied = migrate(stack.database_url)
        stack.reload_schema()
        _tick(console, "database", f"{len(applied)} migrations", started)
        yield stack
    finally:
        stack.stop()


@contextmanager
def _agent(console: Console, stack: LocalStack) -> Iterator[None]:
    """An agent as a process of its own, in a process group that Ctrl-C does not reach."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="arena-demo-") as folder:
        log = Path(folder, "agent.log")
        with log.open("wb") as file:
            # The guard ends the agent however this process ends.
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD_FILE), "--", sys.executable, "-m", "agent", "agent"],
                env=_agent_environment(stack),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        try:
            with console.status("starting the agent…"):
                _until_listening(process, log)
            _tick(console, "agent", "listening for jobs", started)
            yield
        finally:
            _end(process)


def _agent_environment(stack: LocalStack) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_", "SUPABASE_"))}
    return {
        **kept,
        "SUPABASE_URL": stack.url,
        "SUPABASE_KEY": stack.secret_key,
        "ARENA_AGENT_NAME": "demo agent",
        "ARENA_CATALOGUE": str(DEMO / "catalogue.toml"),
        "ARENA_IMAGE_ROOT": str(DEMO),
        "ARENA_COUNTRY": os.environ.get("ARENA_COUNTRY", _COUNTRY),
        "ARENA_LOG_FORMAT": "json",
    }


def _until_listening(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the agent's own word, in its log, that Realtime delivers to it."""
    deadline = time.monotonic() + _AGENT_READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        actions = {_action(line) for line in log.read_text("utf-8").splitlines()}
        if {"ready", "realtime_ready"} <= actions:
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text("utf-8").splitlines()[-20:])
    raise AgentError(f"The agent did not start. The end of its log:\n{tail}")


def _action(line: str) -> str | None:
    try:
        return str(json.loads(line).get("action"))
    except (ValueError, AttributeError):
        return None


def _end(guard: subprocess.Popen[bytes]) -> None:
    assert guard.stdin is not None
    guard.stdin.close()
    guard.wait()


def _battle(console: Console, front_end: FrontEnd) -> JobResult:
    _, images = read_manifest(DEMO / "scenes")
    images = [{**image, "image_path": f"scenes/{image['image_path']}"} for image in images]
    started = time.perf_counter()
    job = front_end.submit(*_MODELS, images)
    _tick(console, "job", f"{len(images)} scenes, {' against '.join(_MODELS)}", started)
    return asyncio.run(follow(front_end, job["id"], console))


def _summary(result: JobResult) -> Table:
    job, row = result.job, result.row
    created = utc(job["created_at"])
    claimed_ms = 1000 * (utc(job["started_at"]) - created).total_seconds()
    done_s = (utc(row["created_at"]) - created).total_seconds()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("[dim]insert → claimed[/]", f"{claimed_ms:.0f} ms")
    table.add_row("[dim]insert → result[/]", f"{done_s:.1f} s")
    by = "Realtime" if result.arrived_by == "realtime" else "polling"
    table.add_row("[dim]result → here[/]", f"{result.delay_ms:.0f} ms, by {by}")
    return table


def _stay(console: Console, stack: LocalStack) -> None:
    console.print(f"\nStill running at [bold]{stack.url}[/]. Ctrl-C stops everything.\n")
    console.print("[dim]Another battle, from another terminal:[/]")
    console.print(
        f"arena submit {_MODELS[0]} {_MODELS[1]} --images {DEMO / 'job.json'} --wait"
        f" --url {stack.url} --key {stack.publishable_key}",
        soft_wrap=True,
    )
    wait_for_signal()
    console.print("stopping…")


def _tick(console: Console, what: str, detail: str, started: float) -> None:
    seconds = time.perf_counter() - started
    console.print(f"[green]✓[/] {what:<12} {detail} [dim]{seconds:.1f} s[/]", highlight=False)
