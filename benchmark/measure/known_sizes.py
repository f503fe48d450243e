"""Sizes of images that a Host has decoded before."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

#: Images remembered; some 200 bytes each, which count as the Host's memory.
_MOST = 10_000


class KnownSizes:
    """By what is in the file, so that a warm Host need not decode the same images again just to check them."""

    def __init__(self, most: int = _MOST) -> None:
        """`most` images are remembered; the least recently used goes first."""
        self._most = most
        self._sizes: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sizes)

    def size(self, encoded: bytes, measure: Callable[[], tuple[int, int]]) -> tuple[int, int]:
        """(width, height) in pixels; `measure` is asked for an image that is new. What it raises is not remembered."""
        digest = hashlib.sha256(encoded).digest()
        if digest not in self._sizes:
            self._sizes[digest] = measure()
        self._sizes.move_to_end(digest)
        if len(self._sizes) > self._most:
            self._sizes.popitem(last=False)
        return self._sizes[digest]
