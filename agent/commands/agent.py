"""``arena agent``: the long-running agent."""

import math
import os
import signal
import threading
import time
import uuid
from contextlib import ExitStack, closing
from importlib.metadata import version
from types import FrameType
from typing import Annotated

import structlog
import typer

from agent.agent_key import ROLE
from agent.settings import Settings
from agent.wakeup import PollOnly, RealtimeWakeup
from agent.weights import WeightsSource
from agent.worker import Shift, Worker
from benchmark import BenchmarkSettings, Catalogue

_log = structlog.stdlib.get_logger(__name__)

_SECRETS = (
    *("SUPABASE_KEY", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_JWT_SECRET", "DATABASE_URL"),
    *("RUNPOD_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS"),
)
_STOP_SECONDS = 4.5
_WARN_DAYS = 14.0


def agent(
    drain: Annotated[bool, typer.Option("--drain", help="At SIGTERM finish the current job first.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Leave after one job.")] = False,
    idle_exit: Annotated[
        float,
        typer.Option(
            "--idle-exit",
            min=1.0,
            metavar="SECONDS",
            show_default="never",
            help="Leave when no job has come for so long.",
        ),
    ] = math.inf,
) -> None:
    """Run the agent: claim jobs, compare, write results, until SIGTERM or Ctrl-C.

    It is configured by the environment or .env; .env.example lists every setting. SIGTERM gives
    the current job back without spending an attempt; a second one ends it at once.
    """
    from agent.log import configure_logging
    from agent.settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    # The models' processes inherit the environment and have no business with its secrets.
    for secret in _SECRETS:
        os.environ.pop(secret, None)
    run(settings, Shift(once, idle_exit), drain=drain)


def run(settings: Settings, shift: Shift, *, drain: bool) -> None:
    """Wire the agent's parts together and work until the shift is over or a signal comes."""
    from agent.images import ImageSource
    from agent.rater import Rater
    from agent.scratch import scratch
    from agent.store import AgentCard
    from agent.supabase_store import SupabaseStore
    from benchmark import Arena, describe_machine, load_catalogue

    catalogue = load_catalogue(settings.catalogue)
    weights = weights_source(settings, catalogue)
    card = AgentCard(
        id=uuid.uuid4(),
        name=settings.name,
        version=version("vision-arena"),
        hardware=describe_machine(),
        models=weights.runnable(),
    )
    _look_at_key(settings)
    with ExitStack() as stack:
        stack.enter_context(scratch())
        arena = stack.enter_context(Arena(catalogue, weights.folders, benchmark_settings(settings)))
        store = stack.enter_context(closing(SupabaseStore(settings, card)))
        images = ImageSource(settings)
        wakeup = stack.enter_context(_wakeup(settings))
        worker = Worker(
            settings,
            card,
            store,
            wakeup,
            images,
            weights,
            arena,
            shift,
            on_stuck=_leave_stuck,
            on_results=Rater(store).rate,
        )
        stop_on_signals(worker, drain=drain)
        worker.run()


def _look_at_key(settings: Settings) -> None:
    """Say in time that it ends, or that it may do more than an agent has to."""
    key = settings.agent_key
    if key and key.role != ROLE:
        _log.warning(
            "the key may do everything in the project; `arena agent-key` mints one that claims jobs and no more",
            action="key_too_strong",
        )
    if key and key.days_left() < _WARN_DAYS:
        _log.warning(
            "the key ends soon; mint a new one with `arena agent-key`",
            action="key_ends",
            ends_at=str(key.ends_at),
            days_left=round(key.days_left(), 1),
        )


def weights_source(settings: Settings, catalogue: Catalogue) -> WeightsSource:
    """Where the agent's settings say that weights are."""
    return WeightsSource(
        catalogue,
        settings.weights_dir,
        settings.cache_dir,
        device=settings.device,
        download=settings.download_weights,
    )


def benchmark_settings(settings: Settings) -> BenchmarkSettings:
    """What of the agent's settings the benchmark goes by."""
    return BenchmarkSettings(
        device=settings.device,
        country=settings.country,
        load_timeout_s=settings.load_timeout_seconds,
        export_timeout_s=settings.export_timeout_seconds,
        exports_dir=settings.cache_dir / "exports",
        phase_timeout_s=settings.phase_timeout_seconds,
        max_hosts=settings.max_hosts,
        host_memory_mb=settings.host_memory_mb,
        pool_memory_mb=settings.pool_memory_mb,
        threads=settings.threads,
        max_left_out=settings.image_max_left_out,
        max_pixels=int(settings.image_max_megapixels * 1e6),
    )


def _wakeup(settings: Settings) -> PollOnly:
    if not settings.realtime:
        return PollOnly()
    return RealtimeWakeup(settings.url, settings.credentials)


def stop_on_signals(worker: Worker, *, drain: bool) -> None:
    """Let the first SIGTERM or SIGINT stop the worker, or drain it; a second one kills."""

    def leave(signal_name: str) -> None:
        _log.info("leaving", action="leaving", signal=signal_name, drain=drain)
        if drain:
            worker.drain()
        else:
            _stop(worker)

    def on_signal(signum: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # A handler may interrupt the very lock that stopping or logging takes, hence the thread.
        threading.Thread(target=leave, args=[signal.Signals(signum).name], daemon=True).start()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, on_signal)


def _leave_stuck() -> None:
    """A thread cannot be ended from outside; whatever runs the agent starts it anew."""
    os._exit(1)


def _stop(worker: Worker) -> None:
    """Stop in good order, or else in time: a call to a Supabase that does not answer cannot be broken off."""
    worker.stop()
    time.sleep(_STOP_SECONDS)
    _log.warning("left without goodbye: a call did not end in time", action="stop_forced")
    os._exit(0)
