"""A file that is still being downloaded."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO


class PartialFile:
    """What has come of ``target`` so far, beside it and hidden; a later process can go on with it.

    Beside it again is a note on where it comes from and which version of it that is. All methods raise OSError.
    """

    def __init__(self, target: Path, url: str) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.part")
        self._note = target.with_name(f".{target.name}.part.json")
        # Not the address itself, whose query may hold a key.
        self._origin = hashlib.sha256(url.encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self._path.stat().st_size if self._path.exists() else 0

    @property
    def version(self) -> str | None:
        """What its server called this version of the file; None where there is nothing to go on with."""
        note = self._read_note()
        version = note.get("version") if note.get("origin") == self._origin and self.size else None
        return version if isinstance(version, str) else None

    @property
    def room(self) -> int:
        """Bytes that are free where it lies."""
        return shutil.disk_usage(self._target.parent).free

    def start(self, version: str | None) -> None:
        """Begin anew with that version, which can be gone on with if it has a name."""
        self._path.write_bytes(b"")
        self._note.write_text(json.dumps({"origin": self._origin, "version": version}), "utf-8")

    def append(self) -> BinaryIO:
        """A file to write the rest to."""
        return self._path.open("ab")

    def sha256(self) -> str:
        """In hex, of what is here."""
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def publish(self) -> None:
        """Put it, whole, in its place; what was there is replaced. A power cut leaves either or."""
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        self._path.replace(self._target)
        self._note.unlink(missing_ok=True)
        folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Leave nothing of it."""
        for path in (self._path, self._note):
            path.unlink(missing_ok=True)

    def _read_note(self) -> dict[str, Any]:
        try:
            note = json.loads(self._note.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}
