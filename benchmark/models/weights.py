"""Finding a model's weights, and making sure that they are what the catalogue says."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmark.errors import BenchmarkError, WeightsMismatch, WeightsMissing
from benchmark.models.catalogue import ModelEntry, WeightsFile


@dataclass(frozen=True, slots=True)
class CheckedWeights:
    """Weights that were found and checked."""

    path: Path
    sha256: str


def resolve_weights(entry: ModelEntry, weights_dirs: Sequence[Path]) -> CheckedWeights:
    """Weights of a model, checked before anyone opens them: a weights file can hold code.

    Looked for in the catalogue's folder, then in `weights_dirs`.
    Raises WeightsMissing, or WeightsMismatch where the file's hash is another one or the catalogue has none.
    """
    if entry.weights is None:
        raise WeightsMissing(f"{entry.id} has no weights in the catalogue: add [models.{entry.id}.weights] to it.")
    path = _find(entry, entry.weights, weights_dirs)
    sha256 = file_sha256(path)
    if not entry.weights.sha256:
        raise _noted(
            WeightsMismatch(f"The catalogue has no sha256 for the weights of {entry.id}, so they are not opened."),
            f'If you trust {path}, add to [models.{entry.id}.weights]: sha256 = "{sha256}"',
        )
    if sha256 not in entry.weights.sha256:
        raise _noted(
            WeightsMismatch(
                f"{path.name} is not what the catalogue names for {entry.id}: its sha256 is another one. Replace the "
                "file, or the sha256 if you trust it."
            ),
            f"The file is {path}. Its sha256 is {sha256}, not {' or '.join(entry.weights.sha256)}.",
        )
    return CheckedWeights(path, sha256)


def _find(entry: ModelEntry, weights: WeightsFile, weights_dirs: Sequence[Path]) -> Path:
    # An absolute file swallows the folder it is joined to, so this covers it too.
    places = [folder / weights.file for folder in (entry.folder, *weights_dirs)]
    for place in places:
        if place.is_file():
            return place.absolute()
    source = f" It is published at {weights.url}." if weights.url else ""
    raise _noted(
        WeightsMissing(
            f"The weights of {entry.id} are not here: put {Path(weights.file).name} into the weights folder.{source}"
        ),
        f"They were looked for at {' and '.join(dict.fromkeys(map(str, places)))}.",
    )


def _noted(error: BenchmarkError, note: str) -> BenchmarkError:
    """Paths of this machine are for whoever runs it, not for whoever reads the message."""
    error.add_note(note)
    return error


def file_sha256(path: Path) -> str:
    """In hex. Read once for a file that does not change."""
    status = path.stat()
    return _hash(path, status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=64)
def _hash(path: Path, _size: int, _mtime_ns: int, _inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
