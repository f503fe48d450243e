"""The child side of the Examiner: decodes what may be anything."""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from benchmark.die_with import die_with

#: The libraries have their files open by then, and what is said goes through pipes.
_MOST_FILES = 16


def main(parent: int, memory_mb: int, max_pixels: int) -> None:
    """Answer each line of standard input, {"path", "name"}, with a line {"size"} or {"predicate"}."""
    die_with(parent)
    import cv2

    from benchmark.decoding.decode import decode  # noqa: F401 - so that importing needs no memory later

    cv2.setNumThreads(1)
    _limit(memory_mb)
    _answer({"ready": True})
    for line in sys.stdin:
        _answer(_examine(Path(json.loads(line)["path"]), max_pixels))


def _limit(memory_mb: int) -> None:
    """Above what the libraries take; nothing is written, and nothing else is started."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        limit = pages * resource.getpagesize() + (memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))


def _examine(path: Path, max_pixels: int) -> dict[str, Any]:
    from benchmark.decoding.decode import decode
    from benchmark.decoding.header import read_header
    from benchmark.errors import BadImage

    try:
        encoded = path.read_bytes()
        read_header(encoded, "", max_pixels)
        height, width = decode(encoded, "").shape[:2]
    except BadImage as error:
        return {"predicate": error.predicate}
    except OSError as error:
        return {"predicate": f"cannot be read: {error.strerror}."}
    except MemoryError:
        return {"predicate": "needs more memory to decode than it may have."}
    return {"size": [width, height]}


def _answer(answer: dict[str, Any]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")
