"""Where the agents of this machine tell of their health: a small file for each. Of the standard library alone."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_NAME = "arena-health-"
#: An agent has a folder of its own for temporary files (agent/scratch.py), below where the probe's would lie.
_PLACES = (f"{_NAME}*", f"arena-scratch-*/{_NAME}*")
_MOST_BYTES = 1000


@dataclass(frozen=True)
class HealthNote:
    """The address of an agent's server; no port where nothing is served."""

    host: str = ""
    port: int | None = None


@contextmanager
def leave_note(note: HealthNote) -> Iterator[None]:
    """Let the probe find it for as long as the context lasts. Raises OSError.

    The file is its owner's alone and appears whole. Its lock ends with the process, however that ends, so an unlocked
    one is a dead agent's.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{_NAME}")
    hidden = Path(name)
    shown = hidden.with_name(hidden.name[1:])
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, json.dumps(asdict(note)).encode())
        hidden.rename(shown)
        yield
    finally:
        for path in (hidden, shown):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def notes() -> list[HealthNote]:
    """Of the agents that this user runs now."""
    folder = Path(tempfile.gettempdir())
    found = [_read(path) for place in _PLACES for path in sorted(folder.glob(place))]
    return [note for note in found if note]


def _read(path: Path) -> HealthNote | None:
    """None where its agent is dead, or somebody else's."""
    with suppress(OSError, ValueError, TypeError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if os.fstat(descriptor).st_uid == os.getuid() and _is_locked(descriptor):
                return HealthNote(**json.loads(os.read(descriptor, _MOST_BYTES)))
        finally:
            os.close(descriptor)
    return None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
