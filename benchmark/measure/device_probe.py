"""What the driver and torch say of the GPUs, and whether one computes.

Runs in a process of its own, which either of them may end or stop.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from benchmark.die_with import die_with
from benchmark.measure.driver import Driver

#: Rows of a square matrix: small, but enough for a kernel and the library of matrix products.
_ROWS = 16


def main(parent: int, device: str) -> None:
    """Print what each step gives as a line of JSON, at once, so that a step that never ends is known too."""
    die_with(parent)
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "driver": _driver,
        "import": _import,
        "list": _list,
        "use": lambda: _use("cuda:0" if device == "auto" else device),
    }
    for name, work in steps.items():
        answer = _answer(work)
        sys.stdout.write(json.dumps({"step": name, **answer}) + "\n")
        sys.stdout.flush()
        if "error" in answer or (name == "driver" and device == "auto" and Driver(**answer) == Driver()):
            break
    os._exit(0)  # what goes wrong in CUDA's own end says nothing of the device


def _driver() -> dict[str, Any]:
    return asdict(Driver.find())


def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = work()
        except (Exception, SystemExit) as error:
            found = {"error": str(error) or type(error).__name__, "error_type": type(error).__name__}
    texts = [str(each.message) for each in caught]
    return {**found, "warnings": texts} if texts else found


def _import() -> dict[str, Any]:
    import torch

    return {"torch": str(torch.__version__), "cuda": torch.version.cuda, "hip": torch.version.hip}


def _list() -> dict[str, Any]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {"gpus": [_gpu(torch.cuda.get_device_properties(index)) for index in range(count)]}


def _gpu(properties: Any) -> dict[str, Any]:
    return {
        "name": properties.name,
        "memory_mb": round(properties.total_memory / 2**20),
        "compute_capability": f"{properties.major}.{properties.minor}",
    }


def _use(device: str) -> dict[str, Any]:
    import torch

    ones = torch.ones(_ROWS, _ROWS, device=device)
    total = float((ones @ ones).sum().item())
    return {} if total == _ROWS**3 else {"error": f"{_ROWS**3} was to come out, and {total:g} did"}
