"""Breaking off what waits for the network."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent.stopping import run_at_once, unless_stopped
from benchmark import Cancelled


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set when a name is being looked up, which no server answers."""
    asked, over = threading.Event(), threading.Event()

    def look_up(*_: Any, **__: Any) -> Any:
        asked.set()
        over.wait(60)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield asked
    over.set()


def test_a_name_that_nobody_answers_for_holds_up_no_stop(silence: threading.Event) -> None:
    async def work() -> Any:
        look_up = asyncio.get_running_loop().getaddrinfo("example.com", 443)
        return await unless_stopped([asyncio.ensure_future(look_up)], silence.is_set)

    start = time.perf_counter()
    with pytest.raises(Cancelled):
        run_at_once(work())
    assert time.perf_counter() - start < 30  # the look-up takes 60 s


def test_the_result_is_returned_and_the_loop_closed() -> None:
    async def work() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert run_at_once(work()).is_closed()


def test_what_fails_is_raised() -> None:
    async def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_at_once(work())
