"""``arena agent``: the long-running agent."""

import os
import signal
import threading
import time
import uuid
from contextlib import ExitStack, closing
from importlib.metadata import version
from types import FrameType

import structlog

from agent.settings import Settings
from agent.wakeup import PollOnly, RealtimeWakeup
from agent.worker import Worker

_log = structlog.stdlib.get_logger(__name__)

_STOP_SECONDS = 4.5


def agent() -> None:
    """Run the agent: claim jobs, compare, write results, until SIGTERM or Ctrl-C.

    It is configured by the environment or .env; .env.example lists every setting. SIGTERM gives
    the current job back without spending an attempt; a second one ends it at once.
    """
    from agent.log import configure_logging
    from agent.settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    # The models' processes inherit the environment and have no business with its secrets.
    for secret in ("SUPABASE_KEY", "DATABASE_URL"):
        os.environ.pop(secret, None)
    run(settings)


def run(settings: Settings) -> None:
    """Wire the agent's parts together and work until a signal comes."""
    from agent.images import ImageSource
    from agent.store import AgentCard
    from agent.supabase_store import SupabaseStore
    from benchmark import Arena, BenchmarkSettings, describe_machine, load_catalogue, model_state

    catalogue = load_catalogue(settings.catalogue)
    weights = [settings.weights_dir]
    card = AgentCard(
        id=uuid.uuid4(),
        name=settings.name,
        version=version("vision-arena"),
        hardware=describe_machine(),
        models=[entry.id for entry in catalogue if model_state(entry, weights).ready],
    )
    with ExitStack() as stack:
        arena = stack.enter_context(
            Arena(catalogue, weights, BenchmarkSettings(device=settings.device, country=settings.country))
        )
        store = stack.enter_context(closing(SupabaseStore(settings, card)))
        images = ImageSource(settings)
        wakeup = stack.enter_context(_wakeup(settings))
        worker = Worker(settings, card, store, wakeup, images, arena)
        _stop_on_signals(worker)
        worker.run()


def _wakeup(settings: Settings) -> PollOnly:
    if not settings.realtime:
        return PollOnly()
    return RealtimeWakeup(settings.url, settings.supabase_key.get_secret_value())


def _stop_on_signals(worker: Worker) -> None:
    def stop(signum: int, _frame: FrameType | None) -> None:
        signal.signal(signum, signal.SIG_DFL)
        # A handler may interrupt the very lock that stopping takes, hence the thread.
        threading.Thread(target=_stop, args=[worker], daemon=True).start()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)


def _stop(worker: Worker) -> None:
    """Stop in good order, or else in time: a call to a Supabase that does not answer cannot be broken off."""
    worker.stop()
    time.sleep(_STOP_SECONDS)
    _log.warning("left without goodbye: a call did not end in time", action="stop_forced")
    os._exit(0)
