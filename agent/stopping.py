"""Breaking off what waits for the network."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from benchmark import Cancelled

_CHECK_SECONDS = 0.1
_T = TypeVar("_T")


def run_at_once(work: "Coroutine[Any, Any, _T]") -> _T:
    """As asyncio.run, but without waiting for a name that is still being looked up, which nothing can break off."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def unless_stopped(tasks: "Sequence[asyncio.Task[_T]]", should_stop: Callable[[], bool]) -> list[_T]:
    """Results of ``tasks`` in order; all of them have ended when this returns.

    Raises what the first to fail raised, or Cancelled within a second after ``should_stop`` said so.
    """
    try:
        while not all(task.done() for task in tasks):
            if should_stop():
                raise Cancelled
            await asyncio.wait(tasks, timeout=_CHECK_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
