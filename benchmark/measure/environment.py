"""The machine a comparison ran on. No names, no paths, no environment variables."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from benchmark.measure.gpu import gpu_names

#: Names in the result, and the packages that may bring them.
_LIBRARIES = {
    "codecarbon": ("codecarbon",),
    "faster-coco-eval": ("faster-coco-eval",),
    "numpy": ("numpy",),
    "opencv": ("opencv-python-headless", "opencv-python"),
    "timm": ("timm",),
    "torch": ("torch",),
    "torchvision": ("torchvision",),
    "ultralytics": ("ultralytics",),
}
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
        "libraries": _library_versions(),
        "arena_version": _version("vision-arena"),
    }


def load_average() -> list[float]:
    """Processes that wanted a core, mean over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def _library_versions() -> dict[str, str]:
    """Versions of those that are installed."""
    found = {name: [_version(package) for package in packages] for name, packages in _LIBRARIES.items()}
    return {name: version for name, versions in found.items() for version in versions if version}


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
