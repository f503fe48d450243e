"""A server of one file, as file servers are: it knows ranges and versions, and breaks off when it is told to."""

import hashlib
import random
from dataclasses import dataclass, field

from tests.agent.web import Request, Web

BLOCK = 1 << 15


def random_bytes(size: int = 40 * BLOCK, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class FileServer:
    """Answers at ``/w.pt``; what it was asked for is in ``ranges``."""

    web: Web
    content: bytes = field(default_factory=random_bytes)
    version: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})
    #: Bytes after which each of the next answers breaks off.
    breaks: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.web.answers["/w.pt"] = self.answer

    @property
    def url(self) -> str:
        return self.web.url("/w.pt?token=hunter2")

    @property
    def sha256(self) -> str:
        return sha256(self.content)

    def answer(self, request: Request) -> None:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = 0
        if asked and self.knows_ranges and request.headers.get("If-Range") in self.version.values():
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(self.content):
            request.send(416, headers={"Content-Range": f"bytes */{len(self.content)}"})
            return
        request.send_response(206 if start else 200)
        for name, value in self.version.items():
            request.send_header(name, value)
        if start:
            last = len(self.content) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.content)}")
        request.send_header("Content-Length", str(len(self.content) - start))
        request.end_headers()
        end = start + self.breaks.pop(0) if self.breaks else len(self.content)
        request.wfile.write(self.content[start:end])
        request.close_connection = True
