"""Where this process and its Hosts put temporary files; what a killed agent left there goes at a later start."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.errors import SettingsError

_PREFIX = "arena-scratch-"
_YOUNG_SECONDS = 5.0
"""A folder that is younger may not have been locked yet."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that holds all temporary files from now on.

    Its lock ends with the process, however that ends, so an unlocked one is a dead agent's. Raises SettingsError.
    """
    try:
        _sweep(Path(tempfile.gettempdir()))
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise SettingsError(f"No temporary folder can be written: {error}.", hint="Set TMPDIR to one.") from error
    before = tempfile.tempdir
    with folder as name, _locked(Path(name)):
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before


def _sweep(folder: Path) -> None:
    for other in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is locked, or another agent was quicker
            if _may_be_swept(other.stat()):
                with _locked(other):
                    shutil.rmtree(other)


def _may_be_swept(status: os.stat_result) -> bool:
    return status.st_uid == os.getuid() and time.time() - status.st_mtime > _YOUNG_SECONDS


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder itself, which systemd-tmpfiles respects too. Raises OSError if somebody has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
