"""How much the images of one job may take together."""

from agent.errors import ImageRefused


class Budget:
    """Counts the bytes of one job."""

    def __init__(self, max_mb: float) -> None:
        """`max_mb` is in megabytes (1e6 bytes)."""
        self._max_mb, self._left = max_mb, max_mb * 1e6

    def spend(self, image_path: str, size: int) -> None:
        """Raises ImageRefused where these bytes are too many."""
        self._left -= size
        if self._left < 0:
            self._left += size
            raise ImageRefused(
                image_path,
                f"The job's images are larger than {self._max_mb:g} MB together.",
                hint="The agent's owner can raise ARENA_IMAGE_TOTAL_MB.",
            )
