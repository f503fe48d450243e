"""Gives a process a wall clock that is wrong by ``WRONG_CLOCK_SECONDS``; its monotonic clock stays right.

It is written for a folder of its own on PYTHONPATH, where Python finds it as ``sitecustomize`` before anything else
is imported; so it knows nothing of this project. The process's children keep the right clock: the C code of pandas,
which Hosts load, does not survive a datetime that is not Python's own.
"""

import datetime
import os
import time
from typing import Any, Self

_SECONDS = float(os.environ["WRONG_CLOCK_SECONDS"])
_time, _time_ns = time.time, time.time_ns
_Right = datetime.datetime


class _Meta(type):
    """What C code makes is still a datetime."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Right)


class Wrong(_Right, metaclass=_Meta):
    """The datetime that everyone imports from now on."""

    __slots__ = ()  # C code looks at its size

    @classmethod
    def now(cls, tz: Any = None) -> Self:
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Self:
        return cls.now(datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Self:
        return cls.now()


time.time = lambda: _time() + _SECONDS
time.time_ns = lambda: _time_ns() + int(_SECONDS * 1e9)
datetime.datetime = Wrong  # type: ignore[misc]
del os.environ["PYTHONPATH"]
