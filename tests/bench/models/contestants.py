"""Networks alone, in a process of their own: `python -m tests.bench.models.contestants THREADS BATCH FILE SIZE ROUNDS`.

The same tensor goes through eager torch, ONNX Runtime and OpenVINO in turn; beside them a product of two matrices,
which is about as fast as the processor computes at all.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.models.family import Recipe
from benchmark.models.ultralytics_exported import open_exported
from benchmark.models.ultralytics_weights import open_weights

#: Rows and columns of the matrices.
_MATRIX = 1536


def height(width: int) -> int:
    """Of a photograph of 4:3 as YOLO sees it, in pixels."""
    return -(-width * 3 // 4 // 32) * 32


def contestants(file: Path, size: int, batch: int, threads: int) -> dict[str, Callable[[], Any]]:
    """By name; each call is one pass of the whole batch."""
    cpu, image = torch.device("cpu"), torch.rand(batch, 3, height(size), size)
    torch_network, channels_last = (open_weights(file, "bench", cpu) for _ in range(2))
    channels_last.backend.model.to(memory_format=torch.channels_last)
    moved = image.to(memory_format=torch.channels_last)
    with tempfile.TemporaryDirectory() as folder:
        exported = {
            runtime: open_exported(Recipe("bench", file, size, {}, runtime=runtime, exports=Path(folder)), cpu, True)
            for runtime in ("onnx", "openvino")
        }
        [xml] = Path(folder).glob("*/*/*.xml")
        bf16 = _openvino_bf16(xml, threads)
    matrix = torch.rand(_MATRIX, _MATRIX)
    array = image.numpy()
    return {
        "torch": lambda: torch_network(image),
        "torch, channels last": lambda: channels_last(moved),
        "onnx": lambda: exported["onnx"].backend(image),
        "openvino": lambda: exported["openvino"].backend(image),
        "openvino in bfloat16": lambda: bf16(array),
        "product of matrices": lambda: matrix @ matrix,
    }


def _openvino_bf16(xml: Path, threads: int) -> Any:
    import openvino  # type: ignore[import-untyped]

    core = openvino.Core()
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "bf16"}
    return core.compile_model(core.read_model(xml), "CPU", config)


def operations(file: Path, size: int, batch: int) -> float:
    """Additions and multiplications of one pass of the network."""
    network = open_weights(file, "bench", torch.device("cpu"))
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.rand(batch, 3, height(size), size))
    return float(counter.get_total_flops())


def main(threads: int, batch: int, file: Path, size: int, rounds: int) -> None:
    torch.set_num_threads(threads)
    runs = contestants(file, size, batch, threads)
    torch.set_num_threads(threads)  # the package chose for itself
    times: dict[str, list[float]] = {name: [] for name in runs}
    with torch.inference_mode():
        for number in range(-2, rounds):
            for name in list(runs)[:: 1 if number % 2 else -1]:
                start = time.perf_counter()
                runs[name]()
                if number >= 0:
                    times[name].append(time.perf_counter() - start)
    work = dict.fromkeys(runs, operations(file, size, batch)) | {"product of matrices": 2.0 * _MATRIX**3}
    print(json.dumps({"seconds": times, "operations": work}))  # noqa: T201 - the answer to whoever started it


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
