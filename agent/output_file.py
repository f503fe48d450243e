"""A file that a command leaves behind: tried before the work, and written whole or not at all."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from agent.errors import AgentError


def try_out(file: Path) -> None:
    """Find out whether ``file`` can be written, and leave everything there as it is. Raises OSError."""
    if not _is_device(file):
        target = file.resolve()
        # Under its own name where that is free: a file system may refuse a name but not the folder.
        trial = _beside(target) if target.exists() else target
        trial.touch(exist_ok=False)
        trial.unlink()


def write_output(file: Path, content: bytes) -> None:
    """Write ``content`` to ``file``; what was there stays until all of it is written. Raises AgentError."""
    try:
        if _is_device(file):
            file.write_bytes(content)
        else:
            _replace(file.resolve(), content)
    except OSError as error:
        raise AgentError(
            f"{file} could not be written: {error.strerror or error}.",
            hint="Make room there or name a file in another folder, and compare again.",
        ) from error


def write_each(*outputs: Callable[[], None]) -> None:
    """Try all of them, whatever becomes of one. Raises what the first raised, with the others' words as notes."""
    errors = [error for error in map(_error_of, outputs) if error]
    for other in errors[1:]:
        errors[0].add_note(str(other))
    if errors:
        raise errors[0]


def _error_of(output: Callable[[], None]) -> Exception | None:
    try:
        output()
    except Exception as error:  # it waits for the other outputs, and is raised then
        return error
    return None


def _is_device(file: Path) -> bool:
    """A terminal, a pipe or the like, which a rename would replace by a file."""
    return file.exists() and not file.is_file()


def _replace(target: Path, content: bytes) -> None:
    fresh = _beside(target)
    try:
        with fresh.open("xb") as stream:
            stream.write(content)
        if target.exists():
            shutil.copymode(target, fresh)
        _move(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def _move(fresh: Path, target: Path) -> None:
    try:
        fresh.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(fresh, target)  # a container has mounted this one file: it can be written, not replaced


def _beside(target: Path) -> Path:
    return target.with_name(f".arena-{uuid4().hex}")
