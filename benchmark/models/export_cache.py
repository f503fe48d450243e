"""Models in the format of their runtime, made once and kept."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from benchmark.errors import ExportFailed
from benchmark.models.weights import file_sha256

_RECORD = "export.json"

#: Fills an empty folder, within the seconds it is given, and returns what is to be known of it, JSON-able.
Make = Callable[[Path, float], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Export:
    """A folder that holds a model in the format of a runtime."""

    folder: Path
    #: What its maker said of it.
    facts: Mapping[str, Any]
    #: Seconds that making it took, whenever that was.
    export_s: float
    #: Seconds that went into it this time, waiting for another process included; 0 where it was there.
    exporting_s: float


class ExportCache:
    """Exports in one folder, which several processes and machines may share."""

    def __init__(self, folder: Path, patience_s: float) -> None:
        """`patience_s` is for making one, and for waiting until another process has made it."""
        self._folder = folder
        self._patience_s = patience_s

    def get(self, key: Mapping[str, str], make: Make) -> Export:
        """The export of that key, made where it is missing or where its files are not what they were.

        The hashes tell damage, not malice: who can change the files can change the record of them.
        Raises ExportFailed, and what `make` raises; nothing is then left that could be taken for whole.
        """
        name = hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()[:32]
        if found := _whole(self._folder / name):
            return found
        start = time.perf_counter()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f"{name}.lock", timeout=self._patience_s):
                made = _whole(self._folder / name) or self._make(name, key, make, start)
        except Timeout as error:
            raise ExportFailed(
                f"Another process has been at it for {self._patience_s:g} s. Try again later."
            ) from error
        except OSError as error:
            raise ExportFailed(_explain(error)) from error
        return Export(made.folder, made.facts, made.export_s, time.perf_counter() - start)

    def _make(self, name: str, key: Mapping[str, str], make: Make, start: float) -> Export:
        """Under the lock, so that whatever lies there of this name is left over or damaged."""
        for left in self._folder.glob(f"{name}.part-*"):
            shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=f"{name}.part-", dir=self._folder))
        try:
            began = time.perf_counter()
            facts = make(part, max(1.0, self._patience_s - (began - start)))
            _write_record(part, key, facts, time.perf_counter() - began)
            shutil.rmtree(self._folder / name, ignore_errors=True)
            part.chmod(0o755)  # another user's agent may share it
            part.rename(self._folder / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        made = _whole(self._folder / name)
        if made is None:
            raise ExportFailed("Its files changed while they were written. Try again.")
        return made


def _write_record(folder: Path, key: Mapping[str, str], facts: Mapping[str, Any], export_s: float) -> None:
    files = {path.relative_to(folder).as_posix(): _saved(path) for path in _files(folder)}
    record = {"key": dict(key), "export_s": round(export_s, 3), "facts": dict(facts), "files": files}
    with (folder / _RECORD).open("w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _saved(path: Path) -> str:
    """Its sha256, once it is on the disk: a rename can outlive a power cut that the content does not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return file_sha256(path)


def _whole(folder: Path) -> Export | None:
    """None where it is missing or anything of it is not as it was written."""
    try:
        record = json.loads((folder / _RECORD).read_text("utf-8"))
        if all(file_sha256(folder / name) == sha256 for name, sha256 in record["files"].items()) and record["files"]:
            return Export(folder, record["facts"], float(record["export_s"]), 0.0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _explain(error: OSError) -> str:
    if error.errno == ENOSPC:
        return "The disk is full. Make room, or keep the exports on another one (ARENA_CACHE_DIR)."
    return f"Its folder cannot be written ({error.strerror}). Give it one that can (ARENA_CACHE_DIR)."
