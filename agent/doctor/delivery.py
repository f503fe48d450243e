"""Whether Realtime delivers to this agent."""

import asyncio

from agent.doctor.finding import Finding, ok, skipped, warning
from agent.doctor.place import Place
from agent.log import scrub
from agent.realtime import Binding, Change, Subscription, Timing

_READY_SECONDS = 8.0
_TIMING = Timing(ready=_READY_SECONDS)


def look_at_realtime(place: Place) -> Finding:
    """Whether the server says that rows will come. That one does is not tried: it would have to be written."""
    settings = place.settings
    if not settings.realtime:
        return skipped("ARENA_REALTIME is false: the agent polls.")
    if place.contract is None:
        return skipped(place.unseen)
    poll = f"until then the agent polls, every {settings.poll_seconds:g} s"
    try:
        asyncio.run(_first_word(place))
    except Exception as error:
        return warning(
            f"It does not deliver: {scrub(str(error)) or type(error).__name__}; {poll}.",
            "Is a proxy in the way of WebSockets, and is Realtime on in the project (Database → Publications → "
            "supabase_realtime)? `arena migrate` puts the tables into it.",
        )
    return ok("the server says that rows will come")


async def _first_word(place: Place) -> None:
    """Return when the server has said that it delivers; raises when it says or does otherwise."""
    ready = asyncio.Event()
    bindings = [Binding("jobs", "INSERT", "status=eq.pending")]
    settings = place.settings
    subscription = Subscription(settings.url, settings.credentials, bindings, _ignore, ready.set, _TIMING)
    tasks = [asyncio.ensure_future(each) for each in (subscription.run_once(), ready.wait())]
    try:
        done, _ = await asyncio.wait(tasks, timeout=_READY_SECONDS + 2.0, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if not done:
            raise TimeoutError("the server did not get ready in time")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ignore(_: Change) -> None:
    """A row that happens to come is nobody's here."""
