"""What is examined in these tests."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.doctor import Place, read_setup
from local import LocalStack

MakePlace = Callable[..., Place]
NOBODY = 65534


@pytest.fixture(autouse=True)
def _no_network_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, collector or pod of the machine that the tests run on."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "RUNPOD_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> MakePlace:
    """This machine, with these variables in its environment."""

    def make(devices: str | None = None, **variables: str) -> Place:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Place(read_setup(), devices)

    return make


@pytest.fixture
def agent_key(stack: LocalStack) -> Callable[[float], str]:
    """A key of the stack for an agent, good for so many days."""
    return lambda days: stack.keys.sign("arena_agent", lifetime_s=days * 86_400)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody may enter, on the way to which nobody is stopped."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="arena-doctor-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's rights to write everywhere."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
