"""Who looks on while images are fetched."""

from typing import Protocol


class ImageWatch(Protocol):
    """What a source of images says of each one. Nothing here may raise or take time."""

    def fetched(self, way: str, size: int, seconds: float) -> None:
        """One of `size` bytes is here, by way of the `web`, `storage`, the `local` folder or the `cache`."""

    def failed(self, code: str) -> None:
        """One could not be had; `code` is the error's."""


class NobodyCounts:
    """An ImageWatch that does nothing."""

    def fetched(self, way: str, size: int, seconds: float) -> None:
        """See ImageWatch."""

    def failed(self, code: str) -> None:
        """See ImageWatch."""
