"""``arena agent``: the long-running agent."""

import math
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from agent.agent_key import ROLE, WARN_DAYS
from agent.attempt import Workplace
from agent.commands.options import devices_option
from agent.fitness import Fitness
from agent.settings import NAME_LENGTH, Settings
from agent.shift import Shift
from agent.store import AgentCard
from agent.wakeup import PollOnly, RealtimeWakeup
from agent.weights import WeightsSource
from agent.worker import Worker
from benchmark import BenchmarkSettings, Catalogue, describe_machine

if TYPE_CHECKING:
    from agent.crew import Crew
    from agent.telemetry import Telemetry

_log = structlog.stdlib.get_logger(__name__)

_SECRETS = (
    *("SUPABASE_KEY", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_JWT_SECRET", "DATABASE_URL"),
    *("RUNPOD_API_KEY", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"),
    *("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
)
_STOP_SECONDS = 4.5


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
            help="Leave when no job has come for so long; with ARENA_STOP_POD=true stop the RunPod pod too.",
        ),
    ] = math.inf,
    devices: Annotated[
        str | None, devices_option("One worker a GPU: all of them, or those with these numbers.")
    ] = None,
) -> None:
    """Run the agent: claim jobs, compare, write results, until SIGTERM or Ctrl-C.

    It is configured by the environment or .env; .env.example lists every setting. SIGTERM gives
    the current job back without spending an attempt; a second one ends it at once.
    """
    from agent.devices import devices as chosen
    from agent.log import configure_logging
    from agent.runpod import stop_pod
    from agent.settings import load_settings
    from benchmark import gpu_names, look_at_device

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    # The models' processes inherit the environment and have no business with its secrets.
    for secret in _SECRETS:
        os.environ.pop(secret, None)
    if settings.stop_pod and idle_exit == math.inf:
        _log.warning("ARENA_STOP_POD does nothing without --idle-exit", action="never_idle")
    shift = Shift(once=once, idle_exit_seconds=idle_exit)
    idle = run(settings, shift, chosen(devices, settings.device, look_at_device, gpu_names), drain=drain)
    if idle and settings.stop_pod:
        stop_pod(settings)


def run(settings: Settings, shift: Shift, devices: Sequence[str], *, drain: bool) -> bool:
    """Work with one worker a device until the shift is over or a signal comes.

    Returns whether it is over because there was nothing to do.
    """
    from agent.crew import Crew
    from agent.scratch import scratch
    from agent.telemetry import Telemetry
    from benchmark import load_catalogue

    catalogue = load_catalogue(settings.catalogue)
    _look_at_key(settings)
    look_at_cache(settings.cache_dir)
    with ExitStack() as stack:
        stack.enter_context(scratch())
        telemetry = stack.enter_context(Telemetry(settings, version=version("vision-arena"), devices=devices))
        crew = Crew()
        stop_on_signals(crew, drain=drain)
        shared = _Shared(catalogue, shift, telemetry, crew, len(devices))
        workers = [stack.enter_context(_worker(each, shared)) for each in _settings_of_each(settings, devices)]
        idle = crew.run(workers)
    return idle and not crew.was_told


def _settings_of_each(settings: Settings, devices: Sequence[str]) -> list[Settings]:
    """Several workers are several agents to the queue, so each is called after its device."""
    if len(devices) == 1:
        return [settings.model_copy(update={"device": devices[0]})]
    longest = NAME_LENGTH - 1 - max(map(len, devices))
    return [
        settings.model_copy(update={"device": each, "name": f"{settings.name[:longest]} {each}"}) for each in devices
    ]


@dataclass(frozen=True)
class _Shared:
    """What all workers of the process have in common."""

    catalogue: Catalogue
    shift: Shift
    telemetry: "Telemetry"
    crew: "Crew"
    workers: int


@contextmanager
def _worker(settings: Settings, shared: _Shared) -> Iterator[Worker]:
    """A worker with all that it works with, for as long as the context lasts."""
    from agent.images import ImageSource
    from agent.rater import Rater
    from agent.supabase_store import SupabaseStore
    from benchmark import Arena, look_at_device

    weights, device, telemetry = weights_source(settings, shared.catalogue), settings.device, shared.telemetry
    card = _card(settings, weights)
    with ExitStack() as stack:
        limits = benchmark_settings(settings, shared.workers)
        arena = stack.enter_context(Arena(shared.catalogue, weights.folders, limits))
        store = stack.enter_context(closing(SupabaseStore(settings, card)))
        wakeup = stack.enter_context(_wakeup(settings, telemetry))
        workplace = Workplace(
            store=telemetry.store(store, device),
            images=ImageSource(settings, watch=telemetry.images(device)),
            weights=weights,
            arena=arena,
            fitness=Fitness(lambda should_stop: look_at_device(device, should_stop=should_stop)),
            watch=telemetry.watch(device, card.id),
        )
        yield Worker(
            settings,
            card,
            workplace,
            wakeup,
            shared.shift,
            on_stuck=partial(_leave_stuck, shared.crew, shared.workers),
            on_results=Rater(store).rate,
        )


def _card(settings: Settings, weights: WeightsSource) -> AgentCard:
    return AgentCard(
        id=uuid.uuid4(),
        name=settings.name,
        version=version("vision-arena"),
        hardware={**describe_machine(), "device": settings.device},
        models=weights.runnable(),
    )


def _look_at_key(settings: Settings) -> None:
    """Say in time that it ends, or that it may do more than an agent has to."""
    key = settings.agent_key
    if key and key.role != ROLE:
        _log.warning(
            "the key may do everything in the project; `arena agent-key` mints one that claims jobs and no more",
            action="key_too_strong",
        )
    if key and key.days_left() < WARN_DAYS:
        _log.warning(
            "the key ends soon; mint a new one with `arena agent-key`",
            action="key_ends",
            ends_at=str(key.ends_at),
            days_left=round(key.days_left(), 1),
        )


def look_at_cache(folder: Path) -> None:
    """Say in time that nothing can be kept there, as on a volume that belongs to root."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _log.warning(
            "the cache cannot be written, so no weights can be downloaded; `arena doctor` says what to do",
            action="cache_not_writable",
            folder=str(folder),
            reason=(error.strerror or str(error)).lower(),
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


def benchmark_settings(settings: Settings, workers: int = 1) -> BenchmarkSettings:
    """What of the agent's settings the benchmark goes by, where so many workers share the machine."""
    return BenchmarkSettings(
        arenas=workers,
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


def _wakeup(settings: Settings, telemetry: "Telemetry") -> PollOnly:
    if not settings.realtime:
        return PollOnly()
    return RealtimeWakeup(settings.url, settings.credentials, watch=telemetry.realtime(settings.device))


def stop_on_signals(crew: "Crew", *, drain: bool) -> None:
    """Let the first SIGTERM or SIGINT stop the workers, or drain them; a second one kills."""

    def leave(signal_name: str) -> None:
        _log.info("leaving", action="leaving", signal=signal_name, drain=drain)
        if drain:
            crew.drain()
        else:
            _stop(crew)

    def on_signal(signum: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # A handler may interrupt the very lock that stopping or logging takes, hence the thread.
        threading.Thread(target=leave, args=[signal.Signals(signum).name], daemon=True).start()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, on_signal)


def _leave_stuck(crew: "Crew", workers: int) -> None:
    """A thread cannot be ended from outside; whatever runs the agent starts it anew.

    The other workers give their jobs back first.
    """
    crew.stop()
    if workers > 1:
        time.sleep(_STOP_SECONDS)
    os._exit(1)


def _stop(crew: "Crew") -> None:
    """Stop in good order, or else in time: a call to a Supabase that does not answer cannot be broken off."""
    crew.stop()
    time.sleep(_STOP_SECONDS)
    _log.warning("left without goodbye: a call did not end in time", action="stop_forced")
    os._exit(0)
