"""What ends the agent's sleep before the next poll."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol, Self

import structlog

from agent.realtime import Binding, Change, Subscription

_log = structlog.stdlib.get_logger(__name__)

# A person's retry and an agent's release make an old row pending again, hence UPDATE.
_PENDING = "status=eq.pending"
_BINDINGS = [Binding("jobs", "INSERT", _PENDING), Binding("jobs", "UPDATE", _PENDING)]


class Wakeup(Protocol):
    """Something that may tell of a new job. It is a hint: the poll goes on regardless."""

    def wait(self, seconds: float) -> None:
        """Sleep for ``seconds``, or less if there may be a job."""

    def wake(self) -> None:
        """End a sleep now."""


class PollOnly:
    """Wakes up only when told to: Realtime is switched off."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def wait(self, seconds: float) -> None:
        """See Wakeup."""
        # Cleared only when seen: one that comes just after the time is up ends the next sleep.
        if self._event.wait(seconds):
            self._event.clear()

    def wake(self) -> None:
        """See Wakeup."""
        self._event.set()


class RealtimeWakeup(PollOnly):
    """Wakes up on a pending job's event and after every (re)subscription."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__()
        self._subscription = Subscription(url, key, _BINDINGS, self._on_change, self._on_ready)
        self._thread = threading.Thread(target=self._run, name="realtime", daemon=True)
        self._started = threading.Event()
        self._cancel: Callable[[], object]

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel()
        self._thread.join(timeout=2.0)

    def _on_ready(self) -> None:
        _log.info("Realtime delivers", action="realtime_ready")
        self.wake()

    def _on_change(self, _change: Change) -> None:
        self.wake()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._listen())

    async def _listen(self) -> None:
        listening = asyncio.ensure_future(self._subscription.run())
        self._cancel = partial(asyncio.get_running_loop().call_soon_threadsafe, listening.cancel)
        self._started.set()
        await listening
