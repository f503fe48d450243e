"""Finding a model's weights, and making sure that they are what the catalogue says."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from benchmark.errors import (
    BenchmarkError,
    WeightsMismatch,
    WeightsMissing,
    WeightsNotFetched,
    WeightsUnreadable,
)
from benchmark.models.catalogue import ModelEntry, WeightsFile

_HEADER_BYTES = 100_000_000
"""What a safetensors header may take, by its specification."""


@dataclass(frozen=True, slots=True)
class CheckedWeights:
    """Weights that were found and checked."""

    path: Path
    sha256: str


def resolve_weights(entry: ModelEntry, weights_dirs: Sequence[Path]) -> CheckedWeights:
    """Weights of a model, checked before anyone opens them: a weights file can hold code.

    The first file found counts, in the catalogue's folder and then in `weights_dirs`: where it is a wrong one, a right
    one further down is not looked for, since whoever put the first there means it to be used.
    Raises WeightsMissing, of which WeightsNotFetched where they can be downloaded, WeightsMismatch where the file's
    hash is another one or the catalogue has none, and WeightsUnreadable.
    """
    if entry.weights is None:
        raise WeightsMissing(f"{entry.id} has no weights in the catalogue: add [models.{entry.base_id}.weights] to it.")
    path = _find(entry, entry.weights, weights_dirs)
    try:
        return _check(entry, entry.weights, path)
    except OSError as error:
        raise _unreadable(entry, path, error) from error


def weights_place(weights: WeightsFile, folder: Path) -> Path:
    """Where a weights folder holds that file: never outside of it."""
    path = Path(weights.file)
    return folder / (path.name if path.is_absolute() or ".." in path.parts else path)


def file_sha256(path: Path) -> str:
    """In hex. Read once for a file that does not change."""
    status = path.stat()
    return _hash(path, status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=64)
def _hash(path: Path, _size: int, _mtime_ns: int, _inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(entry: ModelEntry, weights: WeightsFile, weights_dirs: Sequence[Path]) -> Path:
    places = list(dict.fromkeys(_places(entry, weights, weights_dirs)))
    for place in places:
        if _is_file(entry, place):
            return place
    raise _noted(_missing(entry, weights), f"They were looked for at {' and '.join(map(str, places))}.")


def _places(entry: ModelEntry, weights: WeightsFile, weights_dirs: Sequence[Path]) -> Iterator[Path]:
    yield (entry.folder / weights.file).absolute()  # an absolute file swallows the folder it is joined to
    for folder in weights_dirs:
        yield weights_place(weights, folder).absolute()


def _is_file(entry: ModelEntry, place: Path) -> bool:
    """Whether there is one. Raises WeightsUnreadable where there is something else, or nobody can tell."""
    try:
        if not place.exists():
            return False
        if place.is_file():
            return True
    except OSError as error:
        raise _unreadable(entry, place, error) from error
    raise _noted(
        WeightsUnreadable(f"The weights of {entry.id} cannot be opened: {place.name} is no file. Move it away."),
        f"It is {place}.",
    )


def _missing(entry: ModelEntry, weights: WeightsFile) -> WeightsMissing:
    if weights.url and weights.sha256:
        return WeightsNotFetched(
            f"The weights of {entry.id} are not on this machine yet. Run: arena models pull {entry.base_id}"
        )
    name = weights_place(weights, Path())
    source = ""
    if weights.url:
        parts = urlsplit(weights.url)
        source = (
            f" It is published at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}, but is not "
            "downloaded unless the catalogue has its sha256."
        )
    return WeightsMissing(f"The weights of {entry.id} are not here: put {name} into the weights folder.{source}")


def _check(entry: ModelEntry, weights: WeightsFile, path: Path) -> CheckedWeights:
    sha256 = file_sha256(path)
    if sha256 in weights.sha256 or (not weights.sha256 and _holds_no_code(path)):
        return CheckedWeights(path, sha256)
    where = f"[models.{entry.base_id}.weights]"
    if not weights.sha256:
        raise _noted(
            WeightsMismatch(f"The catalogue has no sha256 for the weights of {entry.id}, so they are not opened."),
            f'If you trust {path}, add to {where}: sha256 = "{sha256}"',
        )
    raise _noted(
        WeightsMismatch(
            f"{path.name} is not what the catalogue names for {entry.id}: its sha256 is another one. Replace the "
            "file, or the sha256 if you trust it."
        ),
        f"The file is {path}. Its sha256 is {sha256}, not {' or '.join(weights.sha256)}.",
    )


def _holds_no_code(path: Path) -> bool:
    """Whether it may be opened though nobody vouched for it: a safetensors file, by its name and by its header.

    All other formats of weights are pickles, or may be.
    """
    if path.suffix != ".safetensors":
        return False
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = file.read(min(size, _HEADER_BYTES))
    try:
        return isinstance(json.loads(header), dict)
    except ValueError:
        return False


def _unreadable(entry: ModelEntry, path: Path, error: OSError) -> BenchmarkError:
    reason = (error.strerror or str(error)).lower()
    return _noted(
        WeightsUnreadable(f"The weights of {entry.id} cannot be opened: {path.name}: {reason}."), f"The file is {path}."
    )


def _noted(error: BenchmarkError, note: str) -> BenchmarkError:
    """Paths of this machine are for whoever runs it, not for whoever reads the message."""
    error.add_note(note)
    return error
