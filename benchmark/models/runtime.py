"""Runtimes: what carries out a model's network, named after the `@` of a model's id."""

import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import LibraryMissing, RuntimeUnavailable

_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What carries out a network."""

    name: str
    description: str
    #: Modules that must be importable for it, beside those of the family.
    requires: tuple[str, ...] = ()
    #: Extra of this package that installs them.
    extra: str | None = None
    needs_gpu: bool = False
    needs_compiler: bool = False
    #: Whether it runs a file that is made of the weights first, once.
    exported: bool = False

    @property
    def takes_time(self) -> bool:
        """Whether a model has to be exported or compiled for it."""
        return self.exported or self.needs_compiler

    @property
    def missing(self) -> list[str]:
        """Required modules that are not installed. Looks only; imports none of them."""
        return [name for name in self.requires if importlib.util.find_spec(name) is None]


TORCH = "torch"

RUNTIMES: Mapping[str, Runtime] = {
    each.name: each
    for each in (
        Runtime(TORCH, "PyTorch as it is, in 32-bit floats"),
        Runtime("torch-fp16", "PyTorch in 16-bit floats", needs_gpu=True),
        Runtime("torch-compile", "PyTorch, compiled by torch.compile", needs_compiler=True),
        Runtime("onnx", "ONNX Runtime", ("onnx", "onnxruntime"), "onnx", exported=True),
        Runtime("openvino", "OpenVINO", ("openvino",), "openvino", exported=True),
        Runtime("tensorrt", "TensorRT", ("onnx", "tensorrt"), needs_gpu=True, exported=True),
    )
}


def check_runtime(model_id: str, runtime: Runtime, device: str = "auto") -> None:
    """Raises LibraryMissing, which says what to install, or RuntimeUnavailable where the hardware is missing.

    `device` is where models are to run: `auto`, `cpu`, `cuda` or `cuda:0`.
    """
    if runtime.needs_gpu and (device == "cpu" or not has_gpu()):
        raise RuntimeUnavailable(
            f"{model_id} cannot run: {runtime.name} needs an NVIDIA GPU, and models run on a CPU here."
        )
    if missing := runtime.missing:
        advice = (
            f"Run in the project's folder: uv pip install -e '.[{runtime.extra}]'"
            if runtime.extra
            else f"Run: uv pip install {' '.join(missing)}"
        )
        raise LibraryMissing(f"{model_id} cannot run: {', '.join(missing)} is not installed. {advice}")
    if runtime.needs_compiler and not has_compiler():
        raise RuntimeUnavailable(
            f"{model_id} cannot run: {runtime.name} needs a C++ compiler. Install one, like Debian's package g++."
        )


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded; torch, which takes seconds to import, is not asked."""
    return _NVIDIA_DRIVER.exists()


def has_compiler() -> bool:
    """Whether there is a C++ compiler, as torch.compile looks for one on a CPU."""
    return any(shutil.which(name) for name in ("g++", "c++", "clang++"))
