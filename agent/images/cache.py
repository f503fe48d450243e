"""Images that were fetched before, by what is in them."""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeGuard

import structlog
from filelock import FileLock, Timeout

_log = structlog.stdlib.get_logger(__name__)

#: Share of its room that is left filled when the least recently used go.
_TRIM_TO = 0.9
# A stranger may name very many small ones.
_LEAST_BYTES = 4096  # what a file takes on a disk
_MOST_ADDRESSES = 10_000
_MOST_CHARACTERS = 256
_PART = ".part-"
_OLD_SECONDS = 3600.0


class ImageCache:
    """Keeps images under a folder, which several agents may share; a fault costs the cache, never the image.

    What is kept is asked for again each time, so that nobody gets what its server would not give them any more. Of
    an address only a hash is stored, for it may hold a key.
    """

    def __init__(self, folder: Path, max_bytes: float) -> None:
        """`max_bytes` is how much is kept; 0 keeps nothing."""
        self._contents, self._notes = folder / "contents", folder / "addresses"
        self._lock, self._max_bytes = folder / "trimming.lock", max_bytes
        self._lost: set[str] = set()
        self._warned = False

    def validators(self, address: str) -> dict[str, str]:
        """Headers that ask for an image only if it has changed; none where it is not here."""
        note = self._read_note(address)
        if not note or address in self._lost or not self._content(str(note.get("sha256"))).is_file():
            return {}
        wanted = {"If-None-Match": note.get("etag"), "If-Modified-Since": note.get("last_modified")}
        return {name: value for name, value in wanted.items() if _can_be_sent(value)}

    def take(self, address: str, target: Path) -> int | None:
        """Put the image at `target`, where it stays even if it goes from here; its bytes, or None if it is lost."""
        sha256 = str(self._read_note(address).get("sha256"))
        content = self._content(sha256)
        try:
            _link(content, target)
            self._note_use(content, address)
            with target.open("rb") as file:
                intact = hashlib.file_digest(file, "sha256").hexdigest() == sha256
            if intact:
                return target.stat().st_size
            content.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # another agent let it go
        except OSError as error:
            self._warn(error)
        self._lost.add(address)
        target.unlink(missing_ok=True)
        return None

    def keep(self, address: str, headers: Mapping[str, str], file: Path, sha256: str) -> None:
        """Take in an image that came with these headers, if its server will say whether it has changed."""
        said = {"etag": headers.get("ETag"), "last_modified": headers.get("Last-Modified")}
        note = {name: value for name, value in said.items() if _can_be_sent(value)}
        if self._max_bytes <= 0 or not note or "no-store" in headers.get("Cache-Control", "").lower():
            return
        try:
            content = self._content(sha256)
            if not content.is_file():
                _publish(content, lambda part: _link(file, part))
            _publish(self._note(address), lambda part: part.write_text(json.dumps({**note, "sha256": sha256}), "utf-8"))
            self._lost.discard(address)
        except OSError as error:
            self._warn(error)

    def trim(self) -> None:
        """Let the least recently used go if there are too many; of two agents one does it."""
        try:
            contents, notes = _oldest_first(self._contents), _oldest_first(self._notes)
            if sum(size for _, size, _ in contents) > self._max_bytes or len(notes) > _MOST_ADDRESSES:
                with FileLock(self._lock, timeout=0):
                    self._drop_oldest()
        except Timeout:
            pass
        except OSError as error:
            self._warn(error)

    def _drop_oldest(self) -> None:
        contents = _oldest_first(self._contents)
        total = sum(size for _, size, _ in contents)
        for _, size, path in contents:
            if total <= _TRIM_TO * self._max_bytes:
                break
            total -= size
            path.unlink(missing_ok=True)
        for part in self._lock.parent.glob(f"{_PART}*"):  # of an agent that was killed
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - _OLD_SECONDS:
                    part.unlink()
        notes = [path for *_, path in _oldest_first(self._notes)]
        too_many = max(0, len(notes) - int(_TRIM_TO * _MOST_ADDRESSES))
        for position, note in enumerate(notes):
            if position < too_many or not self._content(str(_json(note).get("sha256"))).is_file():
                note.unlink(missing_ok=True)

    def _content(self, sha256: str) -> Path:
        safe = sha256 if len(sha256) == 64 and sha256.isalnum() else "none"
        return self._contents / safe

    def _note(self, address: str) -> Path:
        key = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
        return self._notes / key

    def _read_note(self, address: str) -> dict[str, Any]:
        return _json(self._note(address)) if self._max_bytes > 0 else {}

    def _note_use(self, content: Path, address: str) -> None:
        with suppress(OSError):  # another user's
            os.utime(content)
            os.utime(self._note(address))

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            _log.warning(f"the image cache does not work: {error.strerror}", action="image_cache")
        self._warned = True


def _can_be_sent(value: object) -> TypeGuard[str]:
    """Whether what a server said may be said to it again."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= _MOST_CHARACTERS


def _oldest_first(folder: Path) -> list[tuple[int, int, Path]]:
    """Time of the last use, bytes and file of each, the least recently used first."""
    found = []
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # another agent trims too
            stat = path.stat()
            found.append((stat.st_mtime_ns, max(stat.st_size, _LEAST_BYTES), path))
    return sorted(found)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)


def _publish(target: Path, write: Callable[[Path], object]) -> None:
    """Whole or not at all, whoever else does the same."""
    part = target.parents[1] / f"{_PART}{uuid.uuid4().hex}"
    try:
        write(part)
    except FileNotFoundError:  # the first time
        target.parent.mkdir(parents=True, exist_ok=True)
        write(part)
    try:
        part.replace(target)
    except FileNotFoundError:
        target.parent.mkdir(exist_ok=True)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
