"""The machine a comparison ran on. No names, no paths, no environment variables."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from benchmark.measure.gpu import gpu_names

_LIBRARIES = (
    "codecarbon",
    "faster-coco-eval",
    "numpy",
    "opencv-python",
    "timm",
    "torch",
    "torchvision",
    "ultralytics",
)
_CPUINFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """Hardware and software, JSON-able. Loads no model's library."""
    return {
        "cpu": {
            "model": _cpu_model(),
            "physical_cores": psutil.cpu_count(logical=False),
            "logical_cores": psutil.cpu_count(),
        },
        "gpus": gpu_names(),
        "ram_mb": round(psutil.virtual_memory().total / 2**20),
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version for name in _LIBRARIES if (version := _version(name))},
        "arena_version": _version("vision-arena"),
    }


def load_average() -> list[float]:
    """Processes that wanted a core, mean over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
