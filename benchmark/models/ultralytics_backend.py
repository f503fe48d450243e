"""Exported YOLO models, opened so that they use the Host's threads, compute in 32-bit floats and do not spin."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from ultralytics.nn.autobackend import AutoBackend
from ultralytics.nn.backends import ONNXBackend, OpenVINOBackend

# Neither may tell its makers what is done here. OpenVINO reports each conversion, to Google Analytics; where that
# module cannot be imported, it takes a stub of its own. ONNX Runtime reports sessions, to Microsoft.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's way to say so


@dataclass(frozen=True, slots=True)
class Format:
    """How the ultralytics package exports to a runtime."""

    #: What it calls the format.
    name: str
    #: What it makes of `weights.pt`.
    file: str
    #: Module that runs it.
    module: str
    #: Modules that the export needs beside that one.
    needs: tuple[str, ...] = ()
    #: Images of a batch that it is tuned for, and takes at most; None: any number.
    most_images: int | None = None


#: By runtime.
FORMATS: Mapping[str, Format] = {
    "onnx": Format("onnx", "weights.onnx", "onnxruntime", ("onnx", "onnxslim")),
    "openvino": Format("openvino", "weights_openvino_model", "openvino"),
    "tensorrt": Format("engine", "weights.engine", "tensorrt", ("onnx", "onnxslim"), most_images=8),
}


def open_export(path: Path, device: torch.device, threads: int) -> Any:
    """The package's AutoBackend of an exported file or folder; its `device` may be the CPU where a GPU was wanted."""
    return _backend_type(threads)(str(path), device=device, verbose=False).eval()


def _backend_type(threads: int) -> Any:
    """The package's AutoBackend gives no way to say how its runtimes are to be set."""

    class Backend(AutoBackend):  # type: ignore[misc]  # the package has no types
        _BACKEND_MAP = AutoBackend._BACKEND_MAP | {
            "onnx": partial(_onnx, threads),
            "openvino": partial(_OpenVino, threads),
        }

    return Backend


def _onnx(threads: int, weight: str, **arguments: Any) -> Any:
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin after their work would take the cores from the other Host.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ONNXBackend(weight, session_options=options, **arguments)


class _OpenVino(OpenVINOBackend):  # type: ignore[misc]  # the package has no types
    """The package's own leaves threads and number format to OpenVINO, which takes bfloat16 where the processor has it.

    That is some 1.8 times as fast, and moves corners by 10 pixels.
    """

    #: Of the package: how to read the model anew for each shape, which it does for INT8 alone.
    read_model = None

    def __init__(self, threads: int, weight: str, **arguments: Any) -> None:
        self._threads = threads
        super().__init__(weight, **arguments)

    def load_model(self, weight: str) -> None:
        import openvino  # type: ignore[import-untyped]

        [file] = Path(weight).glob("*.xml")
        self.device = torch.device("cpu")
        self.apply_metadata(self.read_metadata(file))
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = openvino.Core()
        self.ov_compiled_model = core.compile_model(core.read_model(file), "CPU", config)
        self.ov, self.prefetch = openvino, False
