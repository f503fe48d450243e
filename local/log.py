"""Reading the logs of the stack's processes."""

import os
from typing import IO

TAIL_BYTES = 3000


def tail(log: IO[bytes]) -> str:
    """The last lines of a log.

    It takes the open file: a temporary folder is gone as soon as Postgres has ended.
    """
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - TAIL_BYTES))
    return log.read().decode(errors="replace").strip()
