"""Whether agents leak or lose anything over many hours' worth of jobs: ``python -m tests.bench.soak``."""

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg
from typer import echo

from agent.migrate import migrate
from local import LocalStack
from sql.policy import Policy
from tests.agent.agent_process import Agents
from tests.agent.queue import Queue
from tests.agent.soak import JOBS_OF_AN_HOUR, Soak, soak


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what became of the jobs, and each process's memory, files and threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0, help="of a job a minute for each agent")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--agents", type=int, default=8, help="in all, shared by the processes")
    parser.add_argument("--work-ms", type=int, default=5, help="that a comparison takes here")
    chosen = parser.parse_args(arguments)
    jobs = round(chosen.hours * JOBS_OF_AN_HOUR * chosen.agents)
    show(_run(chosen.processes, chosen.agents // chosen.processes, jobs, chosen.work_ms))


def _run(processes: int, agents_of_each: int, jobs: int, work_ms: int) -> Soak:
    settings = {"QUICK_GPUS": str(agents_of_each), "QUICK_WORK_MS": f"{work_ms} {2 * work_ms}"}
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="arena-soak-")))
        stack = running.enter_context(LocalStack())
        migrate(stack.database_url, policies=[Policy.LOCAL_IMAGES])
        stack.reload_schema()
        queue = Queue(running.enter_context(psycopg.connect(stack.database_url, autocommit=True)))
        agents = Agents(stack, folder)
        crews = [agents.quick(f"crew-{number}", "--devices", "all", **settings) for number in range(processes)]
        return soak(queue, [running.enter_context(crew) for crew in crews], jobs)


def show(found: Soak) -> None:
    echo(f"{len(found.ends)} jobs in {found.seconds:.0f} s, {found.results} results")
    for (status, attempts), count in sorted(Counter(found.ends).items()):
        echo(f"  {count} {status} at attempt {attempts}")
    echo(f"jobs of an agent: {found.jobs_of_agents[0]} to {found.jobs_of_agents[-1]}")
    for usage in found.usages:
        echo(
            f"memory {usage.resident_kb[0] / 1024:.0f} to {usage.resident_kb[-1] / 1024:.0f} MiB,"
            f" {usage.slope_kb_per_job:.2f} kB a job once it has settled;"
            f" files {max(usage.files)} at most, {usage.files[-1]} at the end;"
            f" threads {max(usage.threads)} at most, {usage.threads[-1]} at the end"
        )


if __name__ == "__main__":
    main()
