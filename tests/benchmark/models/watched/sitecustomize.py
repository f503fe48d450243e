"""With this folder on PYTHONPATH any Python notes what it does to files and sockets, into the journal of spy.py."""

import os
import sys
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_OUTWARD = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}
_CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}


def _line(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event == "socket.getaddrinfo":
        return f"outward\t{arguments[:2]!r}"
    if event in _OUTWARD:
        address = arguments[1]
        # A text is a socket of this machine's own.
        return None if isinstance(address, str | bytes) else f"outward\t{address!r}"
    if event in _CHANGING or (event == "open" and arguments[2] & _WRITING):
        # A number is a descriptor, of a file that was opened before.
        return None if isinstance(arguments[0], int) else f"written\t{os.path.abspath(os.fsdecode(arguments[0]))}"
    return None


def _watch(journal: str) -> None:
    descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND)

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if line := _line(event, arguments):
            os.write(descriptor, f"{line}\n".encode())

    sys.addaudithook(note)


_watch(os.environ["ARENA_TEST_JOURNAL"])
