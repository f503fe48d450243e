"""YOLO models compiled by torch.compile."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import torch

from benchmark.errors import ExportFailed
from benchmark.models.family import Recipe
from benchmark.models.ultralytics_network import Network
from benchmark.models.ultralytics_weights import count_parameters, open_weights, require_classes

_CPUINFO = Path("/proc/cpuinfo")
#: Graphs for shapes of different kinds, before torch would go on uncompiled without a word.
_MOST_GRAPHS = 64


def open_compiled(recipe: Recipe, device: torch.device) -> Network:
    """Compiled here and now, for shapes of the kinds that photographs have, so that no measurement waits for it.

    Raises WeightsUnreadable, ClassMissing, or ExportFailed where the compiler fails.
    """
    backend = open_weights(recipe.weights, recipe.model_id, device)
    require_classes(recipe.model_id, tuple(backend.names.values()), recipe.classes)  # before minutes are spent
    parameters = count_parameters(backend)
    start = time.perf_counter()
    if recipe.exports:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(recipe.exports / f"inductor-{_compiles_for(device)}")
    try:
        _compile(backend)
        _run_once(backend, recipe.input_size, device)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise ExportFailed(
            f"{recipe.model_id} could not be compiled ({type(error).__name__}: {reason}). Check the C++ compiler."
        ) from error
    seconds = time.perf_counter() - start
    return Network(backend, parameters, torch.__version__, export_s=seconds, exporting_s=seconds)


def _compile(backend: Any) -> None:
    """One graph whose batch, height and width are open.

    The package compiles its whole backend, for fixed shapes. Its head keeps the grid of the last shape, and takes
    strides out of a tensor: the first would compile it anew for each shape, the second break the graph at every layer.
    """
    from torch._inductor import config as inductor
    from torch.fx.experimental import _config as shapes

    inductor.compile_threads = 1  # by itself it starts a process for each core, which stays
    shapes.use_duck_shape = False  # sides that are equal in the first image need not be in the next
    torch._dynamo.config.recompile_limit = _MOST_GRAPHS
    network = backend.backend.model
    head = network.model[-1]
    head.dynamic, head.stride = True, head.stride.tolist()
    backend.backend.model = torch.compile(network, dynamic=True)


def _run_once(backend: Any, size: int, device: torch.device) -> None:
    """Square, landscape and portrait, alone and in a batch: each may be a graph of its own."""
    shorter = -(-size * 3 // 4 // 32) * 32
    for shape in ((1, size, size), (1, shorter, size), (1, size, shorter), (2, size, size), (2, shorter, size)):
        images, height, width = shape
        with torch.inference_mode():
            backend(torch.zeros(images, backend.channels, height, width, device=device))


def _compiles_for(device: torch.device) -> str:
    """What compiled code depends on and torch does not look at when it takes it from its cache."""
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    described = f"{torch.__version__} {kind} {torch.get_num_threads()}"
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def _processor() -> str:
    """It is compiled for exactly this processor's instructions."""
    if not _CPUINFO.exists():
        return ""
    return next((line for line in _CPUINFO.read_text().splitlines() if line.startswith(("flags", "Features"))), "")
