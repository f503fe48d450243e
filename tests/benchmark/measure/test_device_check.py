import re
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest

from benchmark import Cancelled, DeviceReport, TorchGpu, look_at_device
from benchmark.measure.device_judgement import judge
from benchmark.measure.device_report import Probed
from benchmark.measure.driver import Driver

TORCH = {"torch": "2.13.0+cu130", "cuda": "13.0", "hip": None}
H200 = {"name": "NVIDIA H200", "memory_mb": 143167, "compute_capability": "9.0"}
ONE, TWO = Driver("580.65.06", 1), Driver("580.65.06", 2)

TOO_OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 12040). Please update your GPU "
    "driver by downloading and installing a new version from the URL: http://www.nvidia.com/Download/index.aspx "
    "(Triggered internally at /pytorch/c10/cuda/CUDAFunctions.cpp:119.)"
)
NO_DRIVER = (
    "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from "
    "http://www.nvidia.com/Download/index.aspx"
)
NOT_COMPATIBLE = (
    "\nNVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.\n"
    "The current PyTorch install supports CUDA capabilities sm_50 sm_60 sm_70 sm_75 sm_80 sm_86 sm_90.\n"
)
COUNTING = (
    "Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that "
    "might have already set an error? Error "
)
TAIL = "\nCUDA kernel errors might be asynchronously reported at some other API call.\n"


def probed(*, torch: Any = TORCH, gpus: Any = (), warnings: Any = (), error: str | None = None, **other: Any) -> Probed:
    """A child that came to the computation, and had `error` there if that is given."""
    use: dict[str, Any] = {"warnings": []} | ({"error": error, "error_type": "RuntimeError"} if error else {})
    listed = {"gpus": list(gpus), "warnings": list(warnings)}
    return Probed({"import": {**torch, "warnings": []}, "list": listed, "use": use}, **other)


def not_imported(kind: str, error: str) -> Probed:
    return Probed({"import": {"error": error, "error_type": kind, "warnings": []}})


CASES: dict[str, tuple[str, Driver, Probed, str, str]] = {
    "no torch": (
        "auto", ONE, not_imported("ModuleNotFoundError", "No module named 'torch'"),
        "torch is not installed.", "docs/models.md",
    ),
    "a broken torch": (
        "cuda", ONE, not_imported("ImportError", "libcudnn.so.9: cannot open shared object file: No such file"),
        "torch cannot be loaded: libcudnn.so.9: cannot open", "Install it anew",
    ),
    "torch for the processor": (
        "auto", ONE,
        probed(torch={"torch": "2.13.0+cpu", "cuda": None, "hip": None}, error="Torch not compiled with CUDA enabled"),
        "torch 2.13.0+cpu is built without CUDA", "Install a torch that is built for CUDA",
    ),
    "no driver": (
        "cuda:0", Driver(), probed(error=NO_DRIVER),
        "cuda:0 was asked for, but this machine has no NVIDIA driver.", "docs/runpod.md",
    ),
    "no driver, and torch for the processor": (
        "cuda", Driver(), probed(torch={"torch": "2.13.0+cpu", "cuda": None}, error="Torch not compiled with CUDA"),
        "cuda was asked for, but this machine has no NVIDIA driver.", "--gpus all",
    ),
    "a driver that does not answer": (
        "auto", Driver(refusal="Driver/library version mismatch"), probed(error=NO_DRIVER),
        "The NVIDIA driver does not answer: Driver/library version mismatch.", "restart the machine",
    ),
    "a pod without its GPU": (
        "auto", Driver("580.65.06", 0), probed(error="No CUDA GPUs are available"),
        "The NVIDIA driver 580.65.06 lists no GPU.", "deploy it anew on its volume (docs/runpod.md)",
    ),
    "an old driver": (
        "auto", Driver("550.54.15", 1), probed(warnings=[TOO_OLD], error=TOO_OLD.removeprefix("CUDA initialization: ")),
        "The NVIDIA driver 550.54.15 is too old for torch 2.13.0+cu130, built for CUDA 13.0.",
        "filter the hosts by CUDA version, 13.0 or later",
    ),
    "an old driver below newer libraries": (
        "cuda", Driver("545.23.08", 1), probed(error=f"{COUNTING}804: forward compatibility was attempted on non s"),
        "is too old for torch", "update the driver",
    ),
    "an old driver whose own library is missing": (
        "cuda", Driver(), probed(error=TOO_OLD), "The NVIDIA driver is too old for torch", "update the driver",
    ),
    "too few GPUs": (
        "cuda:3", TWO, probed(gpus=[H200, H200], error="CUDA error: invalid device ordinal" + TAIL),
        "cuda:3 was asked for, but torch sees 2 GPUs.", "one of cuda:0 to cuda:1",
    ),
    "one GPU of two": (
        "cuda:1", TWO, probed(gpus=[H200], error="CUDA error: invalid device ordinal" + TAIL),
        "cuda:1 was asked for, but torch sees one GPU.", "CUDA_VISIBLE_DEVICES",
    ),
    "hidden GPUs": (
        "auto", TWO, probed(error="No CUDA GPUs are available"),
        "torch sees no GPU, and the driver lists 2.", "CUDA_VISIBLE_DEVICES",
    ),
    "a GPU newer than torch": (
        "auto", ONE,
        probed(
            gpus=[H200 | {"name": "NVIDIA GeForce RTX 5090"}], warnings=[NOT_COMPATIBLE],
            error="CUDA error: no kernel image is available for execution on the device" + TAIL,
        ),
        "torch 2.13.0+cu130 (CUDA 13.0) is not built for NVIDIA GeForce RTX 5090.", "a newer one for a new GPU",
    ),
    "a full GPU": (
        "cuda", ONE, probed(gpus=[H200], error="CUDA error: out of memory" + TAIL),
        "The memory of NVIDIA H200 is full.", "nvidia-smi",
    ),
    "a taken GPU": (
        "cuda", ONE, probed(gpus=[H200], error="CUDA error: CUDA-capable device(s) is/are busy or unavailable" + TAIL),
        "Another process has taken NVIDIA H200", "nvidia-smi -c DEFAULT",
    ),
    "links that are down": (
        "auto", ONE, probed(error=f"{COUNTING}802: system not yet initialized"),
        "The links between the GPUs are not up", "nvidia-fabricmanager",
    ),
    "a broken GPU": (
        "auto", ONE, probed(gpus=[H200], error="CUDA error: uncorrectable ECC error encountered" + TAIL),
        "A small computation on NVIDIA H200 fails: CUDA error: uncorrectable ECC error encountered.", "another host",
    ),
    "a GPU that hangs": (
        "cuda", ONE, Probed({"import": {**TORCH, "warnings": []}}, "took longer than 60 s and was ended"),
        "The GPU does not answer: the process that asked it took longer than 60 s", "another host",
    ),
    "a torch that hangs": (
        "cuda", ONE, Probed({}, "took longer than 60 s and was ended"),
        "torch could not be loaded: the process took longer than 60 s and was ended.", "try again",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("device", "driver", "said", "problem", "hint"), CASES.values(), ids=CASES)
def test_each_cause_has_its_own_sentence(device: str, driver: Driver, said: Probed, problem: str, hint: str) -> None:
    report = judge(device, driver, said)
    assert problem in str(report.problem)
    assert hint in str(report.hint)


def test_no_two_causes_sound_alike() -> None:
    sentences = [judge(device, driver, said).problem for device, driver, said, *_ in CASES.values()]
    assert len(set(sentences)) == len(sentences)


def test_a_gpu_that_computes_is_no_problem_whatever_else_is_said() -> None:
    warned = probed(gpus=[H200], warnings=["CUDA initialization: something else"])
    assert judge("auto", ONE, warned) == DeviceReport(
        "auto", None, None, "2.13.0+cu130", "13.0", "580.65.06", (TorchGpu(0, "NVIDIA H200", 143167, "9.0"),)
    )
    assert judge("cuda", Driver(), warned).problem is None


@pytest.fixture
def no_driver() -> None:
    if Driver.find() != Driver():
        pytest.skip("this machine has a driver")


@pytest.mark.usefixtures("no_driver")
def test_this_machine_has_no_driver() -> None:
    report = look_at_device("cuda:0")
    assert report.problem == "cuda:0 was asked for, but this machine has no NVIDIA driver."
    assert report.torch
    assert (report.driver, report.gpus) == (None, ())


@pytest.mark.usefixtures("no_driver")
def test_the_processor_needs_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise AssertionError")
    monkeypatch.syspath_prepend(tmp_path)
    assert look_at_device("cpu", timeout_s=0.0) == DeviceReport("cpu")
    assert look_at_device("auto") == DeviceReport("auto")


class OneGpu(types.ModuleType):
    """pynvml of a machine with one GPU."""

    class NVMLError(Exception):
        """As pynvml's."""

        value = 999

    def nvmlInit(self) -> None: ...  # noqa: N802 - the driver's names

    def nvmlSystemGetDriverVersion(self) -> bytes:  # noqa: N802
        return b"580.65.06"

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 1


#: The same, for a process of its own.
NVML = """
class NVMLError(Exception): value = 999
def nvmlInit(): pass
def nvmlSystemGetDriverVersion(): return b"580.65.06"
def nvmlDeviceGetCount(): return 1
"""
HEAD = "class version: cuda, hip = '13.0', None\n__version__ = '2.13.0'\n"
TORCHES = {
    "hangs": ("import time; time.sleep(60)", r"could not be loaded: the process took longer than 3 s"),
    "crashes": ("import os; print('Aborted'); os.abort()", "could not be loaded: the process was killed by signal 6"),
    "fails": ("raise OSError('libtorch_cuda.so: no such file')", r"cannot be loaded: libtorch_cuda.so: no such file\."),
    "crashes on the GPU": (
        f"{HEAD}def __getattr__(name):\n    import os; os.kill(os.getpid(), 9)\n",
        "The GPU does not answer: .* killed by signal 9, perhaps because the machine ran out of memory",
    ),
    "fails on the GPU": (f"{HEAD}cuda = None", "A small computation on the GPU fails: 'NoneType' object has no attr"),
}


@pytest.mark.parametrize(("source", "problem"), TORCHES.values(), ids=TORCHES)
def test_a_torch_that_fails_does_so_in_a_process_of_its_own(
    source: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(source)
    (tmp_path / "pynvml.py").write_text(NVML)
    monkeypatch.syspath_prepend(tmp_path)
    report = look_at_device("cuda", timeout_s=3.0 if "sleep" in source else 30.0)
    assert report.driver == "580.65.06"
    assert re.search(problem, str(report.problem)), report.problem


@pytest.mark.parametrize(
    ("value", "found"), [(9, Driver()), (12, Driver()), (18, Driver(refusal="Driver/library version mismatch"))]
)
def test_no_driver_and_one_that_does_not_answer_are_two_things(
    value: int, found: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml = OneGpu("pynvml")

    def refuse() -> None:
        error = OneGpu.NVMLError("Driver/library version mismatch")
        error.value = value
        raise error

    monkeypatch.setattr(nvml, "nvmlInit", refuse, raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert Driver.find() == found


def test_a_driver_that_hangs_does_so_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pynvml.py").write_text(f"{NVML}\ndef nvmlInit():\n    import time; time.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    report = look_at_device("auto", timeout_s=1.0)
    said = "The NVIDIA driver does not answer: the process that asked it took longer than 1 s and was ended."
    assert report.problem == said


def test_a_look_is_broken_off_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pynvml.py").write_text(f"{NVML}\ndef nvmlInit():\n    import time; time.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    started = time.monotonic()
    with pytest.raises(Cancelled):
        look_at_device("cuda", should_stop=lambda: time.monotonic() > started + 0.2)
    assert time.monotonic() < started + 5


def test_a_gpu_that_has_computed_is_well_however_its_library_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensor = "types.SimpleNamespace(sum=lambda: types.SimpleNamespace(item=lambda: 4096.0))"
    source = f"""import atexit, os, types
atexit.register(os.abort)
__version__, version = "2.13.0", types.SimpleNamespace(cuda="13.0", hip=None)
cuda = types.SimpleNamespace(is_available=lambda: True, device_count=lambda: 0)
class _Ones:
    def __matmul__(self, other): return {tensor}
ones = lambda *shape, device: _Ones()
"""
    (tmp_path / "torch.py").write_text(source)
    (tmp_path / "pynvml.py").write_text(NVML)
    monkeypatch.syspath_prepend(tmp_path)
    assert look_at_device("cuda").problem is None
