"""YOLO models that run from an exported file, which is made where it is not there yet."""

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import ultralytics

from benchmark.errors import ExportFailed, RuntimeUnavailable, WeightsUnreadable
from benchmark.models.child import run_child
from benchmark.models.export_cache import Export, ExportCache
from benchmark.models.family import Recipe
from benchmark.models.ultralytics_backend import FORMATS, open_export
from benchmark.models.ultralytics_network import Network
from benchmark.models.weights import file_sha256

#: The package would look for the network, install what it misses, and open pickles with code in them.
_ENVIRONMENT = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "ULTRALYTICS_SAFE_LOAD": "true"}
_DRIVER = Path("/proc/driver/nvidia/version")


def open_exported(recipe: Recipe, device: torch.device, any_device: bool) -> Network:
    """The weights themselves are opened in a child alone, so that they take no memory here.

    Raises as `open_network`.
    """
    form = FORMATS[recipe.runtime]
    version = _version(recipe, form.module)
    with _folder(recipe) as folder:
        made = _made(recipe, folder, _key(recipe, version, device), device)
        backend = open_export(made.folder / form.file, device, torch.get_num_threads())
    if backend.device.type != device.type and not any_device:
        raise RuntimeUnavailable(
            f"{recipe.model_id} cannot run on {device}: {form.module}, as installed, uses the processor alone. "
            "Use auto or cpu."
        )
    parameters = int(made.facts["parameters"])
    return Network(backend, parameters, version, made.export_s, made.exporting_s, form.most_images)


@contextmanager
def _folder(recipe: Recipe) -> Iterator[Path]:
    """Without one of the operator's, one that is gone when the model is open: an open file outlives its name."""
    if recipe.exports:
        yield recipe.exports
        return
    with tempfile.TemporaryDirectory(prefix="arena-export-") as own:
        yield Path(own)


def _made(recipe: Recipe, folder: Path, key: dict[str, str], device: torch.device) -> Export:
    cache = ExportCache(folder, recipe.export_timeout_s)
    try:
        return cache.get(key, lambda part, limit_s: _export(recipe, device, part, limit_s))
    except ExportFailed as error:
        named = ExportFailed(f"{recipe.model_id} could not be exported. {error}")
        for note in getattr(error, "__notes__", ()):
            named.add_note(note)
        raise named from error


def _key(recipe: Recipe, version: str, device: torch.device) -> dict[str, str]:
    """All that the exported file depends on."""
    key = {
        "weights": _sha256(recipe),
        "runtime": recipe.runtime,
        "input_size": str(recipe.input_size),
        "precision": "fp32",
        "ultralytics": ultralytics.__version__,
        "torch": torch.__version__,
        FORMATS[recipe.runtime].module: version,
    }
    if recipe.runtime == "tensorrt":  # the others' files run anywhere
        key |= {"gpu": torch.cuda.get_device_name(device), "driver": _DRIVER.read_text() if _DRIVER.exists() else ""}
    return key


def _sha256(recipe: Recipe) -> str:
    try:
        return recipe.weights_sha256 or file_sha256(recipe.weights)
    except OSError as error:
        raise WeightsUnreadable(
            f"{recipe.weights.name} ({recipe.model_id}) cannot be read: {error.strerror}."
        ) from error


def _export(recipe: Recipe, device: torch.device, folder: Path, limit_s: float) -> dict[str, Any]:
    arguments = {
        "weights": str(recipe.weights.absolute()),
        "folder": str(folder.absolute()),
        "runtime": recipe.runtime,
        "device": str(device) if recipe.runtime == "tensorrt" else "cpu",
        "threads": torch.get_num_threads(),
        "input_size": recipe.input_size,
        "model_id": recipe.model_id,
        "classes": dict(recipe.classes),
    }
    return run_child("benchmark.models.ultralytics_export:export", arguments, _ENVIRONMENT, limit_s)


def _version(recipe: Recipe, module: str) -> str:
    try:
        return str(importlib.import_module(module).__version__).partition("-")[0]
    except ImportError as error:
        raise RuntimeUnavailable(f"{recipe.model_id} cannot run: {module} cannot be imported ({error}).") from error
