"""Images that lie on the agent's own disk."""

from pathlib import Path

from agent.errors import ImageRefused


def local_file(root: Path | None, path: str) -> Path:
    """The file at `path` under `root`, which no `..` and no link leaves; raises ImageRefused."""
    if root is None:
        raise ImageRefused(
            path,
            "It is not a URL, and this agent reads no local files.",
            hint="Give https:// addresses, or set ARENA_IMAGE_ROOT on the agent.",
        )
    try:
        file = (root / path).resolve()
        inside, found = file.is_relative_to(root.resolve()), file.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise ImageRefused(path[:80], "It is not a path that can be read.") from error
    if not inside:
        raise ImageRefused(path, "It lies outside the agent's ARENA_IMAGE_ROOT.")
    if not found:
        raise ImageRefused(path, "It is not among the agent's local images.")
    return file
