"""Folders: whether they are there, can be written, and have room."""

import errno
import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place

_MB = 1_000_000
#: For weights and exported models, beside the images that are kept.
_MODELS_MB = 2000.0
_FULL_MB = 100.0


def look_at_cache(place: Place) -> Finding:
    """ARENA_CACHE_DIR, where weights, exported models and images are kept."""
    folder = place.settings.cache_dir
    if refused := _refused("ARENA_CACHE_DIR", folder):
        return refused
    return _room(folder, place.settings.image_cache_mb + _MODELS_MB, "ARENA_CACHE_DIR")


def look_at_weights_folder(place: Place) -> Finding:
    """ARENA_WEIGHTS_DIR, which is only read."""
    folder = place.settings.weights_dir
    if folder is None:
        return skipped("ARENA_WEIGHTS_DIR is not set.")
    if not os.path.lexists(folder):
        return warning(f"{folder} does not exist.", f"`mkdir -p {_quoted(folder)}`, and put the weights there.")
    return _read(folder)


def look_at_image_root(place: Place) -> Finding:
    """ARENA_IMAGE_ROOT, under which jobs may name images; it is only read."""
    folder = place.settings.image_root
    if folder is None:
        return skipped("ARENA_IMAGE_ROOT is not set: images come by https:// and from Supabase Storage.")
    if not os.path.lexists(folder):
        return problem(f"{folder} does not exist.", "Mount the images there, or set ARENA_IMAGE_ROOT to their folder.")
    return _read(folder)


def look_at_temporary(place: Place) -> Finding:
    """TMPDIR, where the images of a job are."""
    try:
        folder = Path(tempfile.gettempdir())
    except OSError:
        return problem("No temporary folder can be written.", "Set TMPDIR to one that can: `export TMPDIR=/workspace`.")
    if refused := _refused("TMPDIR", folder):
        return refused
    return _room(folder, place.settings.image_total_mb, "TMPDIR")


def _read(folder: Path) -> Finding:
    try:
        files = sum(each.is_file() for each in folder.iterdir())
    except OSError as error:
        return problem(
            _reason(folder, error), _way_out(folder, error) or f"As root: `chmod -R a+rX {_quoted(folder)}`."
        )
    return ok(f"{folder}, {files} {'file' if files == 1 else 'files'}")


def _refused(variable: str, folder: Path) -> Finding | None:
    """Nothing where a file can be made there; a folder that is not there would be made when it is needed."""
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            return None
    except OSError as error:
        return problem(
            _reason(there, error),
            f"{_way_out(there, error) or _give(folder)} Or set {variable} to another folder.",
            f"a folder in which {_user(os.geteuid())} can write: {variable}={folder}",
        )


def _nearest(folder: Path) -> Path:
    """It, or what of the way to it is there."""
    folder = folder.absolute()
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each)), Path("/"))


def _reason(folder: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of {folder} is full."
    if error.errno == errno.EROFS:
        return f"{folder} is mounted for reading alone."
    if not folder.is_dir():
        return f"{folder} is {'a dangling link' if folder.is_symlink() else 'a file'}, not a folder."
    return f"{folder} cannot be used: {(error.strerror or str(error)).lower()}. {_owner(folder)}"


def _owner(folder: Path) -> str:
    with suppress(OSError):
        status = folder.stat()
        mode = stat.filemode(status.st_mode)
        return f"It belongs to {_user(status.st_uid)}, group {_group(status.st_gid)} ({mode})."
    return ""


def _way_out(folder: Path, error: OSError) -> str | None:
    """None where it is rights that are lacking."""
    if error.errno == errno.ENOSPC:
        return "Make room there."
    if error.errno == errno.EROFS:
        return "Mount it for writing."
    if not folder.is_dir():
        return f"`mv {_quoted(folder)} {_quoted(f'{folder}.old')}`"
    return None


def _give(folder: Path) -> str:
    """Only the folder that is meant changes its owner: what is above it may be the system's."""
    user, group = os.geteuid(), os.getegid()
    command = f"install --directory --owner {user} --group {group} {_quoted(folder)}"
    within = ""
    if folder.is_dir() and len(folder.parts) > len(("/", "opt")) and folder != Path(tempfile.gettempdir()):
        within = f", and `chown -R {user}:{group} {_quoted(folder)}` for what is in it"
    return f"As root (on RunPod from a pod that runs as root: docs/runpod.md): `{command}`{within}."


def _quoted(path: Path | str) -> str:
    """For a shell."""
    return shlex.quote(str(path))


def _room(folder: Path, wanted_mb: float, variable: str) -> Finding:
    free_mb = shutil.disk_usage(_nearest(folder)).free / _MB
    found = f"{folder}, {_size(free_mb)} free"
    mend = f"Make room, or set {variable} to a folder on another disk."
    if free_mb < _FULL_MB:
        return problem(f"{found}.", mend, f"{_size(wanted_mb)}")
    return ok(found) if free_mb >= wanted_mb else warning(f"{found}.", mend, f"{_size(wanted_mb)}")


def _size(mb: float) -> str:
    return f"{mb / 1000:.1f} GB" if mb >= 1000 else f"{mb:.0f} MB"


def _user(uid: int) -> str:
    with suppress(KeyError):
        return f"{pwd.getpwuid(uid).pw_name} ({uid})"
    return str(uid)


def _group(gid: int) -> str:
    with suppress(KeyError):
        return f"{grp.getgrgid(gid).gr_name} ({gid})"
    return str(gid)
