"""Weights of detectron2 models, opened without running anything that is in them."""

import codecs
import pickle
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from benchmark.errors import WeightsUnreadable
from benchmark.models.family import Recipe

_ARRAY = np.zeros(1)
#: All that a pickle of plain arrays asks for, under NumPy's names before and since version 2.
_HARMLESS = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): codecs.encode,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _ARRAY.__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): _ARRAY.__reduce__()[0],
    ("numpy.core.numeric", "_frombuffer"): _ARRAY.__reduce_ex__(5)[0],
    ("numpy._core.numeric", "_frombuffer"): _ARRAY.__reduce_ex__(5)[0],
}

#: Names that older files hold and the network makes by itself.
_DERIVED = ("pixel_mean", "pixel_std", "cell_anchors", "num_batches_tracked")


def load_weights(network: torch.nn.Module, recipe: Recipe) -> None:
    """Put the weights of a `.pth`, `.pkl` or `.safetensors` file into the network.

    Raises WeightsUnreadable, also where the file holds less than the network, more, or another shape: the package
    itself would only log that, and go on with random values.
    """
    name = f"{recipe.weights.name} ({recipe.model_id})"
    try:
        state = _read(recipe.weights)
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error)[:120]}"
        raise WeightsUnreadable(f"{name} cannot be opened as detectron2 weights ({reason}).") from error
    if misfit := _misfit(_names(network.state_dict()), _names(state)):
        raise WeightsUnreadable(
            f"{name} does not fit the network of its config: {misfit}. Weights that were trained with another config "
            "or other classes need `config`, `overrides` or `class_names` among the entry's parameters."
        )
    # Not strict, for what is derived; all the rest is known to be there.
    network.load_state_dict(state, strict=False)


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name, on the CPU."""
    content: Any
    if path.suffix == ".safetensors":
        content = load_file(path)
    elif path.suffix == ".pkl":
        with path.open("rb") as file:
            content = _PlainUnpickler(file, encoding="latin1").load()
    else:
        content = torch.load(path, map_location="cpu", weights_only=True)
    state = {name: torch.as_tensor(value) for name, value in content.get("model", content).items()}
    consume_prefix_in_state_dict_if_present(state, "module.")
    return state


class _PlainUnpickler(pickle.Unpickler):
    """Makes arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and weights need arrays only")
        return _HARMLESS[module, name]


def _names(state: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """Shapes by name, without what is derived."""
    return {name: tuple(value.shape) for name, value in state.items() if not any(part in name for part in _DERIVED)}


def _misfit(wanted: dict[str, tuple[int, ...]], given: dict[str, tuple[int, ...]]) -> str:
    """Empty where both are the same."""
    shapes = [
        f"{name} is {given[name]}, not {wanted[name]}"
        for name in wanted
        if given.get(name, wanted[name]) != wanted[name]
    ]
    parts = (
        ("missing", _some(wanted.keys() - given.keys())),
        ("too much", _some(given.keys() - wanted.keys())),
        ("of another shape", _some(shapes)),
    )
    return "; ".join(f"{title}: {names}" for title, names in parts if names)


def _some(names: Iterable[str], most: int = 3) -> str:
    """The first of the names, and how many more there are."""
    ordered = sorted(names)
    rest = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {rest} more" if rest > 0 else "")
