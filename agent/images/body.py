"""What an answer holds, a piece at a time."""

import zlib
from collections.abc import AsyncIterator

import httpx

from agent.errors import ImageRefused, ImageUnreachable

_PIECE_BYTES = 1 << 16
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS


async def pieces(path: str, response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it was before the server packed it, if it did so although nobody asked for it.

    httpx would unpack what has come in one go, and what is packed several times to any size: 800 bytes become 400 MB.
    Raises ImageRefused, or ImageUnreachable where the end is missing.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        async for piece in response.aiter_raw():
            yield piece
    elif encoding in {"gzip", "x-gzip", "deflate"}:
        async for piece in _unpacked(path, response):
            yield piece
    else:
        raise ImageRefused(path, "Its server sent it packed in a way that was not asked for.")


async def _unpacked(path: str, response: httpx.Response) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        async for packed in response.aiter_raw():
            while packed and not unpacker.eof:
                yield unpacker.decompress(packed, _PIECE_BYTES)
                packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise ImageRefused(path, "Its server sent it packed, and it cannot be unpacked.") from error
    if not unpacker.eof:
        raise ImageUnreachable(path, "Its end did not arrive.")
