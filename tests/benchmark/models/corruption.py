"""Weights files that are not what they should be."""

import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.errors import BenchmarkError
from benchmark.model import Model, ModelInfo
from benchmark.models.family import Recipe, load_model
from benchmark.models.weights import file_sha256


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _random(content: bytes) -> bytes:
    return np.random.default_rng(0).bytes(len(content))


def _other_byte(share: float) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        at = int(share * (len(content) - 1))
        return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]

    return flip


#: What is done to a file, by what that is called.
Kinds = dict[str, Callable[[bytes], bytes]]
#: Nobody can take these for weights.
BROKEN: Kinds = {
    "cut": _cut,
    "random": _random,
    "empty": lambda content: b"",
    "text": lambda content: b"<html>404 Not Found</html>\n" * 40,
    "another zip": lambda content: b"PK\x05\x06" + bytes(18),
}
#: These may be opened all the same, where the library has no check of its own; the catalogue's sha256 is ours.
FLIPPED: Kinds = {f"byte at {share:.0%}": _other_byte(share) for share in (0.0, 0.0005, 0.01, 0.5, 0.97, 1.0)}


def corrupted(weights: Path, folder: Path, kinds: Kinds) -> dict[str, Path]:
    """A file for each kind, under the ending of the real one."""
    content, files = weights.read_bytes(), {}
    for kind, corrupt in kinds.items():
        files[kind] = folder / f"{kind.replace(' ', '_')}{weights.suffix}"
        files[kind].write_bytes(corrupt(content))
    return files


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._trace,))


def bombs(weights: Path, folder: Path, trace: Path) -> dict[str, Path]:
    """Pickles with code in them: plain, in torch's form, and put into the real file where that is a zip."""
    import torch

    files = {kind: folder / f"{kind}{weights.suffix}" for kind in ("plain", "torch", "within")}
    files["plain"].write_bytes(pickle.dumps({"model": Bomb(trace)}))
    torch.save({"model": Bomb(trace), "state_dict": Bomb(trace)}, files["torch"])
    if not zipfile.is_zipfile(weights):
        del files["within"]
        return files
    shutil.copy(weights, files["within"])
    _replace_pickle(files["within"], pickle.dumps({"model": Bomb(trace)}, protocol=2))
    return files


def _replace_pickle(path: Path, content: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, kept in members.items():
            archive.writestr(name, content if name.endswith("data.pkl") else kept)


class Outcomes:
    """Stands in for a model whose class names tell how each attempt to load one ended."""

    def __init__(self, outcomes: list[str]) -> None:
        self.info = ModelInfo(0, "fp32", "cpu", tuple(outcomes))

    def synchronize(self) -> None:
        """Nothing to wait for."""


@dataclass(frozen=True)
class LoadingEach:
    """A loader that can be sent to a Host: tries one file after the other in the same process."""

    module: str
    recipe: Recipe
    files: tuple[Path, ...]

    def __call__(self, device: str) -> Model:
        return Outcomes([self._outcome(each, device) for each in self.files])  # type: ignore[return-value]

    def _outcome(self, weights: Path, device: str) -> str:
        """`loaded`, the code of a typed error, or the error that should have been one."""
        # Its own sha256: an export of the right file is kept under that one's.
        recipe = replace(self.recipe, weights=weights, weights_sha256=file_sha256(weights))
        try:
            load_model(self.module, recipe, device)
        except BenchmarkError as error:
            return error.code
        except Exception as error:
            return repr(error)
        return "loaded"
