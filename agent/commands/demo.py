"""``arena demo``: the whole way of a job on this machine."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import demo as demo_package
from agent.agent_key import AgentKey, JwtSecret
from agent.commands.agent_process import AgentProcess
from agent.commands.options import JobOptions, JsonFile, Port, parse_job_options, write_json
from agent.commands.pairs import PAIRS, SCENES_OF, Pairs, fight, outcomes_table
from agent.commands.stack import POLICIES, invitation, wait_for_signal
from agent.commands.submit import follow
from agent.front_end import FrontEnd, JobResult
from agent.job import utc
from agent.manifest import read_manifest
from agent.migrate import migrate
from agent.settings import WEIGHTS_DIR
from agent.show_result import result_view
from benchmark import load_catalogue, look_at_device
from local import LocalStack, Page, Sample

DEMO = Path(demo_package.__file__).parent
_CATALOGUE = DEMO / "catalogue.toml"

# The carbon figure needs a grid; the user's ARENA_COUNTRY goes before this one.
_COUNTRY = "USA"

_SAMPLE_NOTE = "Generated, with every car's box known; what the demo's models were trained on looks like them."


def demo(
    pairs: Annotated[
        Pairs, typer.Option(help="One battle, or the six of the tutorial; those that cannot be fought say why.")
    ] = Pairs.ONE,
    scenes: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How many scenes: 24, for the tutorial's pairs 72.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Leave when the result is there, instead of staying up.")
    ] = False,
    option: JobOptions = None,
    json_file: JsonFile = None,
    port: Port = None,
) -> None:
    """Start everything here, run one battle, and show the winner.

    Postgres, REST, Auth, Storage, Realtime and the page on this machine; an agent as a process of its own; a job
    inserted with the publishable key as a front end would; the result as it arrives by Realtime. The models are small
    stand-ins trained on generated street scenes.
    """
    options, console = parse_job_options(option), Console()
    console.print("[bold]Vision Arena[/] demo\n")
    with ExitStack() as running:
        folder = _scenes(console, running, scenes or SCENES_OF[pairs])
        page = Page(image_base="/scenes/", samples=[Sample("Street scenes", "/scenes/manifest.json", _SAMPLE_NOTE)])
        stack = _start_stack(console, running, port, folder, page)
        agent = _start_agent(console, running, stack, folder)
        console.print(f"\n{invitation(page, stack.url, 'to watch it')} Ctrl-C stops everything.\n")
        with FrontEnd(stack.url, stack.publishable_key) as front_end:
            battle = _Ring(console, front_end, agent, folder, options).battle
            row = _fight_all(console, PAIRS[pairs], battle) if pairs is not Pairs.ONE else battle(*PAIRS[pairs][0]).row
        write_json(json_file, row)
        if not once:
            _stay(console, stack, folder, page)


def _start_stack(console: Console, running: ExitStack, port: int | None, scenes: Path, page: Page) -> LocalStack:
    with _step(console, "local stack", "Postgres, REST, Auth, Storage and Realtime"):
        stack = running.enter_context(LocalStack(port=port, static={"/scenes": scenes}, page=page))
    with _step(console, "database", "tables and functions of the arena"):
        migrate(stack.database_url, policies=POLICIES)
        stack.reload_schema()
    return stack


def _scenes(console: Console, running: ExitStack, count: int) -> Path:
    """The folder that comes with the demo, or one with as many scenes as are wanted, drawn now."""
    from demo.scenes import DEMO_SCENES, DEMO_SEED, write_scenes  # OpenCV, which the other commands can do without

    if count == DEMO_SCENES:
        return DEMO / "scenes"
    folder = Path(running.enter_context(TemporaryDirectory(prefix="arena-scenes-")))
    with _step(console, "scenes", f"{count} of them, drawn with the seed {DEMO_SEED}"):
        write_scenes(folder, count, DEMO_SEED)
    return folder


def _start_agent(console: Console, running: ExitStack, stack: LocalStack, scenes: Path) -> AgentProcess:
    settings = {
        "ARENA_DEVICE": _device(console),
        "SUPABASE_URL": stack.url,
        # As on a pod: a key that can do an agent's work and nothing else.
        "SUPABASE_KEY": AgentKey.mint(JwtSecret(stack.jwt_secret), "demo agent", days=30).token,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "ARENA_AGENT_NAME": "demo agent",
        "ARENA_CATALOGUE": str(_CATALOGUE),
        "ARENA_DOWNLOAD_WEIGHTS": "false",
        "ARENA_IMAGE_ROOT": str(scenes),
        "ARENA_COUNTRY": os.environ.get("ARENA_COUNTRY", _COUNTRY),
    }
    with _step(console, "agent", "a process of its own, listening"):
        return running.enter_context(AgentProcess(settings))


def _device(console: Console) -> str:
    """As ARENA_DEVICE says; the processor where a GPU cannot be used, which an agent would wait for."""
    if chosen := os.environ.get("ARENA_DEVICE"):
        return chosen
    with console.status("Looking for a GPU…"):
        problem = look_at_device("auto").problem
    if problem:
        console.print(f"[yellow]–[/] {escape(problem)} The demo runs on the processor.", highlight=False)
    return "cpu" if problem else "auto"


@dataclass(frozen=True, slots=True)
class _Ring:
    """Where battles are fought."""

    console: Console
    front_end: FrontEnd
    agent: AgentProcess
    scenes: Path
    options: dict[str, Any]

    def battle(self, model_a: str, model_b: str) -> JobResult:
        """The result, which is shown as well."""
        _, images = read_manifest(self.scenes)
        with _step(self.console, "job", f"{len(images)} scenes, {model_a} against {model_b}"):
            job = self.front_end.submit(model_a, model_b, images, self.options)
        result = asyncio.run(_while_alive(self.agent, follow(self.front_end, job["id"], self.console)))
        self.console.print(result_view(result.row), _summary(result))
        return result


def _fight_all(console: Console, pairs: Sequence[tuple[str, str]], battle: Callable[[str, str], JobResult]) -> Any:
    """Each pair's models with their row, or with the reason why there is none."""
    catalogue, outcomes = load_catalogue(_CATALOGUE), []
    for pair in pairs:
        console.rule(" against ".join(pair), align="left", style="dim")
        outcome = fight(*pair, catalogue, [WEIGHTS_DIR], battle)
        if outcome.reason:
            console.print(f"[yellow]–[/] {escape(outcome.reason)}", highlight=False)
        outcomes.append(outcome)
    console.rule("all pairs", align="left", style="dim")
    console.print(outcomes_table(outcomes))
    return [each.to_row() for each in outcomes]


async def _while_alive(agent: AgentProcess, following: Coroutine[Any, Any, JobResult]) -> JobResult:
    """The result, unless the agent dies first: nobody else would take its job."""
    result, death = asyncio.create_task(following), asyncio.create_task(agent.death())
    try:
        await asyncio.wait({result, death}, return_when=asyncio.FIRST_COMPLETED)
        return await (result if result.done() else death)
    finally:
        for task in (result, death):
            task.cancel()
        await asyncio.gather(result, death, return_exceptions=True)


def _summary(result: JobResult) -> Table:
    job, row = result.job, result.row
    created = utc(job["created_at"])
    claimed_ms = 1000 * (utc(job["started_at"]) - created).total_seconds()
    done_s = (utc(row["created_at"]) - created).total_seconds()
    way = "Realtime" if result.arrived_by == "realtime" else "polling"
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("[dim]insert → claimed[/]", f"{claimed_ms:.0f} ms")
    table.add_row("[dim]insert → result[/]", f"{done_s:.1f} s")
    table.add_row("[dim]result → here[/]", f"{result.delay_ms:.0f} ms, by {way}")
    return table


def _stay(console: Console, stack: LocalStack, scenes: Path, page: Page) -> None:
    console.print(f"\n{invitation(page, stack.url, 'for the next battle')} Ctrl-C stops everything.")
    console.print("\n[dim]Or from another terminal:[/]")
    models = " ".join(PAIRS[Pairs.ONE][0])
    command = f"arena submit {models} --images {scenes} --wait --url {stack.url} --key {stack.publishable_key}"
    console.print(command, soft_wrap=True, highlight=False)
    wait_for_signal()


@contextmanager
def _step(console: Console, what: str, detail: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    started = time.perf_counter()
    with console.status(f"{what}: {detail}…"):
        yield
    seconds = time.perf_counter() - started
    console.print(f"[green]✓[/] {what:<12} {detail} [dim]{seconds:.1f} s[/]", highlight=False)
