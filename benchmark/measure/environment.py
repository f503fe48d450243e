"""The machine a comparison ran on. No names, no paths, no environment variables."""

import importlib.metadata
import os
import platform
import re
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from benchmark.measure.gpu import gpu_names

#: Names in the result, and the packages that may bring them.
_LIBRARIES = {
    "codecarbon": ("codecarbon",),
    "detectron2": ("detectron2",),
    "faster-coco-eval": ("faster-coco-eval",),
    "numpy": ("numpy",),
    "onnx": ("onnx",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "opencv": ("opencv-python-headless", "opencv-python"),
    "openvino": ("openvino",),
    "tensorrt": ("tensorrt", "tensorrt-cu12", "tensorrt-cu13"),
    "timm": ("timm",),
    "torch": ("torch",),
    "torchvision": ("torchvision",),
    "ultralytics": ("ultralytics",),
}
_CPUINFO = Path("/proc/cpuinfo")
_CONTROL_GROUP = Path("/sys/fs/cgroup")
#: Bytes from which the first version of control groups means that there is no limit.
_NO_LIMIT = 2**62
_SOURCE = Path(__file__).parents[2]
_GIT_SECONDS = 5.0
#: The commit that an image was built from, which has no checkout in it.
_REVISION = "VISION_ARENA_REVISION"


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
        "container": container_limits(),
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": _library_versions(),
        "arena_version": _version("vision-arena"),
        "git_revision": git_revision(),
    }


def container_limits(folder: Path = _CONTROL_GROUP) -> dict[str, float | None]:
    """`cores` and `memory_mb` that the container may use, of whichever version of control groups; None: no limit."""
    quota, _, period = _word(folder / "cpu.max").partition(" ")
    quota, period = quota or _word(folder / "cpu/cpu.cfs_quota_us"), period or _word(folder / "cpu/cpu.cfs_period_us")
    memory = _word(folder / "memory.max") or _word(folder / "memory/memory.limit_in_bytes")
    return {
        "cores": int(quota) / int(period) if quota.isdigit() and period.isdigit() else None,
        "memory_mb": round(int(memory) / 2**20) if memory.isdigit() and int(memory) < _NO_LIMIT else None,
    }


@cache
def git_revision(folder: Path = _SOURCE) -> str | None:
    """Commit of the source, with `-dirty` where files differ from it; None where nobody knows.

    What is no checkout is what VISION_ARENA_REVISION says, as the image has it.
    """
    if not (folder / ".git").exists():  # git itself would take that of a folder above
        said = os.environ.get(_REVISION, "")
        return said if re.fullmatch(r"[0-9a-f]{7,64}(-dirty)?", said) else None
    command = ["git", "--no-optional-locks", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty"]
    with suppress(OSError, subprocess.SubprocessError):  # no git, not ours, no commit yet
        done = subprocess.run(
            [*command, "--exclude=*"], capture_output=True, text=True, check=True, timeout=_GIT_SECONDS
        )
        return done.stdout.strip()
    return None


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


def _word(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
