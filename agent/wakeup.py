"""What ends the agent's sleep before the next poll."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Protocol, Self
from uuid import UUID

import structlog

from agent.credentials import Credentials
from agent.realtime import Binding, Change, Subscription, Timing

_log = structlog.stdlib.get_logger(__name__)

# A person's retry and an agent's release make an old row pending again, hence UPDATE.
_BINDINGS = [
    Binding("jobs", "INSERT", "status=eq.pending"),
    Binding("jobs", "UPDATE", "status=eq.pending"),
    Binding("jobs", "UPDATE", "status=eq.cancelled"),
]


class Wakeup(Protocol):
    """Something that may tell of a new job. It is a hint: the poll goes on regardless."""

    def wait(self, seconds: float) -> None:
        """Sleep for ``seconds``, or less if there may be a job."""

    def wake(self) -> None:
        """End a sleep now."""

    def watching(self, job_id: UUID, nudge: Callable[[], None]) -> AbstractContextManager[None]:
        """Call ``nudge``, from another thread, whenever the lease on this job may have been lost.

        A hint as well, and perhaps one too many: only a renewal decides. One that is under way may
        still come just after the end.
        """


class RealtimeWatch(Protocol):
    """What a connection to Realtime says of itself. Nothing here may raise or take time."""

    def up(self) -> None:
        """It delivers, from now on or still: a connection that has had its time is replaced by another one."""

    def down(self) -> None:
        """It was lost, or could not be made; said again for each failure."""


class NobodyListens:
    """A RealtimeWatch that does nothing."""

    def up(self) -> None:
        """See RealtimeWatch."""

    def down(self) -> None:
        """See RealtimeWatch."""


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

    def watching(self, job_id: UUID, nudge: Callable[[], None]) -> AbstractContextManager[None]:
        """See Wakeup: nothing tells of a job here, and the next renewal is soon enough."""
        return nullcontext()


class RealtimeWakeup(PollOnly):
    """Wakes up on a pending job's event and after every (re)subscription; hears of its own job's cancellation."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        timing: Timing | None = None,
        watch: RealtimeWatch | None = None,
    ) -> None:
        super().__init__()
        self._watch = watch or NobodyListens()
        self._subscription = Subscription(
            url, credentials, _BINDINGS, self._on_change, self._on_ready, timing or Timing(), self._watch.down
        )
        self._thread = threading.Thread(target=self._run, name="realtime", daemon=True)
        self._started = threading.Event()
        self._watched: tuple[str, Callable[[], None]] | None = None
        self._cancel: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel()
        self._thread.join(timeout=2.0)

    @contextmanager
    def watching(self, job_id: UUID, nudge: Callable[[], None]) -> Iterator[None]:
        """See Wakeup."""
        self._watched = (str(job_id), nudge)
        try:
            yield
        finally:
            self._watched = None

    def _on_ready(self) -> None:
        """What came in the gap was not delivered: look."""
        _log.info("Realtime delivers", action="realtime_ready")
        self._watch.up()
        self.wake()
        self._nudge()

    def _on_change(self, change: Change) -> None:
        if change.record.get("status") == "pending":
            self.wake()
        # The insert of a job that a poll found first may arrive when it is watched already.
        if change.event == "UPDATE":
            self._nudge(change.record.get("id"))

    def _nudge(self, job_id: str | None = None) -> None:
        """Nudge whoever watches that job; with no id, whichever it watches."""
        watched = self._watched
        if watched is not None and job_id in (None, watched[0]):
            watched[1]()

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._listen())
        finally:
            self._started.set()  # whoever waits for the start of what could not be started goes on polling

    async def _listen(self) -> None:
        listening = asyncio.ensure_future(self._subscription.run())
        self._cancel = partial(asyncio.get_running_loop().call_soon_threadsafe, listening.cancel)
        self._started.set()
        await listening
