"""Builds the dashboard where it has changed: `python -m local.dashboard`, or `make dashboard`."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from local.errors import InstallFailed
from local.node import install, one_at_a_time, run_npm

FOLDER = Path(__file__).parent.parent / "dashboard"
#: Holds the digest of the sources that the build was made from.
_STAMP = ".built-from-sha256"
_MADE = {"node_modules", "dist"}


def build(folder: Path = FOLDER) -> bool:
    """Builds into `dist`, unless what is there was built from the same sources, with the same variables.

    Returns:
        Whether anything had to be built.

    Raises:
        InstallFailed: npm or the build failed; the message holds the end of what it said.
    """
    install(folder)
    with one_at_a_time(folder):
        digest, stamp = _digest(folder), folder / "dist" / _STAMP
        if stamp.is_file() and stamp.read_text() == digest:
            return False
        run_npm(folder, "run", "build", "--silent")
        stamp.write_text(digest)
        return True


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(_sources(folder)):
        digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    # Vite writes these into the page.
    built_in = sorted((name, value) for name, value in os.environ.items() if name.startswith("VITE_"))
    digest.update(repr(built_in).encode())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name not in _MADE:
            yield from (file for file in ([entry] if entry.is_file() else entry.rglob("*")) if file.is_file())


def main() -> None:
    """Ends with a sentence and exit status 1 where it cannot be built."""
    try:
        build()
    except InstallFailed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
