"""A web server that is some way off."""

import asyncio
import hashlib
import re
import sys

_LENGTH = re.compile(rb"^GET /(\d+) ")
_KNOWN = re.compile(rb'\r\nIf-None-Match: "([0-9a-f]+)"', re.IGNORECASE)


class FarServer:
    """Sends `/<number>`, an image of so many bytes of its own, after a delay, on connections that are kept alive.

    `/sent` says how many bytes it has sent. It runs in a process of its own, or it would take our time.
    """

    def __init__(self, image_bytes: int, delay_s: float) -> None:
        self._image_bytes, self._delay_s = image_bytes, delay_s
        self._sent_bytes = 0

    async def serve(self) -> None:
        """Say at which port, and serve for ever."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - to the parent process
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._delay_s)  # a handshake is a way there and back
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(self._delay_s)
                if request.startswith(b"GET /sent "):
                    answer = self._with_length(b"%d" % self._sent_bytes)
                else:
                    answer = self._answer(request)
                    self._sent_bytes += len(answer)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, request: bytes) -> bytes:
        match = _LENGTH.match(request)
        assert match, request
        etag = hashlib.sha256(match[1]).hexdigest()[:16].encode()
        known = _KNOWN.search(request)
        status = 304 if known and known[1] == etag else 200
        body = b"" if status == 304 else match[1].ljust(self._image_bytes, b"x")
        return self._with_length(body, b'%d OK\r\nETag: "%s"' % (status, etag))

    @staticmethod
    def _with_length(body: bytes, head: bytes = b"200 OK") -> bytes:
        return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


if __name__ == "__main__":
    asyncio.run(FarServer(int(sys.argv[1]), float(sys.argv[2])).serve())
