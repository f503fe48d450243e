"""The network of a YOLO model, in the runtime that its recipe names."""

from dataclasses import dataclass
from typing import Any

import torch

from benchmark.errors import RuntimeUnavailable
from benchmark.models.family import Recipe
from benchmark.models.runtime import RUNTIMES
from benchmark.models.ultralytics_weights import count_parameters, open_weights


@dataclass(frozen=True, slots=True)
class Network:
    """An AutoBackend of the ultralytics package, and what is to be known of it."""

    backend: Any
    parameters: int
    #: Version of what carries it out.
    version: str
    export_s: float | None = None
    exporting_s: float = 0.0
    #: Images that it takes at once; None: any number.
    most_images: int | None = None


def open_network(recipe: Recipe, device: torch.device, any_device: bool) -> Network:
    """Open what the recipe names on `device`, or where its runtime is at home if `any_device`.

    Raises WeightsUnreadable, ClassMissing, RuntimeUnavailable or ExportFailed.
    """
    runtime = RUNTIMES[recipe.runtime]
    if runtime.needs_gpu and device.type != "cuda":
        raise RuntimeUnavailable(
            f"{recipe.model_id} cannot run: {runtime.name} needs an NVIDIA GPU, and models run on a CPU."
        )
    if runtime.exported:
        from benchmark.models.ultralytics_exported import open_exported

        return open_exported(recipe, device, any_device)
    if runtime.needs_compiler:
        from benchmark.models.ultralytics_compiled import open_compiled

        return open_compiled(recipe, device)
    backend = open_weights(recipe.weights, recipe.model_id, device, fp16=recipe.runtime == "torch-fp16")
    return Network(backend, count_parameters(backend), torch.__version__)
