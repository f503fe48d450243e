"""Where this process and its Hosts put temporary files; what a killed agent left there goes at the next start."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "arena-scratch-"
_LOCK = "lock"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that holds all temporary files from now on.

    Its lock ends with the process, however that ends, so an unlocked folder of another agent is a dead one's.
    """
    _sweep(Path(tempfile.gettempdir()))
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name, _locked(Path(name)):
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    nascent = folder / "nascent"
    with nascent.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        nascent.rename(folder / _LOCK)  # nobody ever sees it unlocked
        yield


def _sweep(folder: Path) -> None:
    for dead in folder.glob(f"{_PREFIX}*/{_LOCK}"):
        if dead.parent.stat().st_uid == os.getuid() and _is_free(dead):
            shutil.rmtree(dead.parent, ignore_errors=True)


def _is_free(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # locked, or gone by now
        return False
    return True
