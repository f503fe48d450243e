"""Breaking off what waits for the network."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from benchmark import Cancelled

_CHECK_SECONDS = 0.1
_T = TypeVar("_T")


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
