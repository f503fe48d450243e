"""YOLO models that run from an exported file, which is made where it is not there yet."""

import importlib
import tempfile
from pathlib import Path
from typing import Any

import torch
import ultralytics

from benchmark.errors import ExportFailed, RuntimeUnavailable, WeightsUnreadable
from benchmark.models.child import run_child
from benchmark.models.export_cache import ExportCache
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
    form, threads = FORMATS[recipe.runtime], torch.get_num_threads()
    version = _version(recipe, form.module)
    # Without a folder of the operator's it goes with this process; in a Host, temporary folders are its own.
    own = None if recipe.exports else tempfile.TemporaryDirectory(prefix="arena-export-", ignore_cleanup_errors=True)
    cache = ExportCache(recipe.exports or Path(own.name if own else ""), recipe.export_timeout_s)
    try:
        made = cache.get(
            _key(recipe, version, device), lambda folder, limit_s: _export(recipe, device, folder, limit_s)
        )
    except ExportFailed as error:
        raise _about(recipe, error) from error
    backend = open_export(made.folder / form.file, device, threads)
    if backend.device.type != device.type and not any_device:
        raise RuntimeUnavailable(
            f"{recipe.model_id} cannot run on {device}: {form.module}, as installed, uses the processor alone. "
            "Use auto or cpu."
        )
    parameters = int(made.facts["parameters"])
    return Network(backend, parameters, version, made.export_s, made.exporting_s, form.most_images, keep=own)


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


def _about(recipe: Recipe, error: ExportFailed) -> ExportFailed:
    named = ExportFailed(f"{recipe.model_id} could not be exported. {error}")
    for note in getattr(error, "__notes__", ()):
        named.add_note(note)
    return named


def _version(recipe: Recipe, module: str) -> str:
    try:
        return str(importlib.import_module(module).__version__).partition("-")[0]
    except ImportError as error:
        raise RuntimeUnavailable(f"{recipe.model_id} cannot run: {module} cannot be imported ({error}).") from error
