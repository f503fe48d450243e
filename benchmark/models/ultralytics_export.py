"""Weights of the ultralytics package brought into the format of a runtime. Runs in a child process of the Host."""

import importlib
from pathlib import Path
from typing import Any

import torch
from ultralytics import YOLO

from benchmark.errors import ExportFailed
from benchmark.models.ultralytics_backend import FORMATS, open_export
from benchmark.models.ultralytics_weights import count_parameters, neutral_name, open_weights, require_classes

#: How far scores may be from those of torch, 0–1. Measured: up to 0.00001.
_SCORE_TOLERANCE = 0.01


def export(
    weights: str,
    folder: str,
    runtime: str,
    device: str,
    threads: int,
    input_size: int,
    model_id: str,
    classes: dict[str, str],
) -> dict[str, Any]:
    """Write the export into `folder`. Returns what is to be known of it.

    Raises WeightsUnreadable, ClassMissing or ExportFailed.
    """
    torch.set_num_threads(threads)
    network = open_weights(Path(weights), model_id, torch.device(device))
    require_classes(model_id, tuple(network.names.values()), classes)
    _require_modules(runtime)
    torch.manual_seed(0)
    noise = torch.rand(1, network.channels, input_size, input_size, device=device)
    with torch.inference_mode():
        expected = _boxes_and_scores(network(noise))
    made = _write(Path(weights), Path(folder), runtime, device, input_size)
    _check(_boxes_and_scores(open_export(made, torch.device(device), threads)(noise)), expected)
    return {"parameters": count_parameters(network)}


def _write(weights: Path, folder: Path, runtime: str, device: str, input_size: int) -> Path:
    form = FORMATS[runtime]
    with neutral_name(weights, folder) as link:
        YOLO(str(link)).export(
            format=form.name,
            imgsz=input_size,
            dynamic=True,  # so that images are letterboxed as for torch
            batch=form.most_images or 1,
            device=device,
            verbose=False,
        )
    for each in folder.iterdir():
        if each.name != form.file:
            each.unlink()  # a step on the way
    return folder / form.file


def _require_modules(runtime: str) -> None:
    """The package's own check only warns where it may not install, and the error that follows says little."""
    for module in FORMATS[runtime].needs:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise ExportFailed(f"It needs {module}, which is not installed. Run: uv pip install {module}") from error


def _boxes_and_scores(outputs: Any) -> torch.Tensor:
    """Shape (1, 4 + classes, cells); torch gives what it made them of beside them."""
    first: torch.Tensor = outputs[0] if isinstance(outputs, list | tuple) else outputs
    return first.float().cpu()


def _check(found: torch.Tensor, expected: torch.Tensor) -> None:
    """A file can be written in part, or compute something else, without an error; this is the time to notice."""
    if found.shape != expected.shape:
        raise ExportFailed(f"What was exported gives {tuple(found.shape)}, where torch gives {tuple(expected.shape)}.")
    difference = float((found[:, 4:] - expected[:, 4:]).abs().max())
    if not difference <= _SCORE_TOLERANCE:
        raise ExportFailed(f"What was exported gives other scores than torch, by up to {difference:.3g}.")
