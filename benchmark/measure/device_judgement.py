"""What keeps a device from being used, from what the driver says and what torch said: no machine is asked here."""

from benchmark.measure.device_report import DeviceReport, Probed, TorchGpu
from benchmark.measure.driver import Driver

_MOST_CHARACTERS = 300

_CPU_INSTEAD = "To measure the processor on purpose, set ARENA_DEVICE=cpu."
_NO_GPU = (
    "In Docker, give the container the GPU (`--gpus all`). A RunPod pod that was restarted may have lost its GPU: "
    "terminate it and deploy it anew on its volume (docs/runpod.md). Elsewhere, see what `nvidia-smi` says. "
    f"{_CPU_INSTEAD}"
)
_HIDDEN = "Does CUDA_VISIBLE_DEVICES hide some? Then unset it."
#: What torch and CUDA say of a driver that is older than they need.
_TOO_OLD = ("is too old (found version", "insufficient for CUDA runtime", "forward compatibility was attempted")
_NONE = "No CUDA GPUs are available"
_ANOTHER_HOST = "See what `nvidia-smi` says. On RunPod, deploy the pod on another host; elsewhere, restart the machine."

#: Parts of what CUDA says, and what they mean.
_COMPLAINTS = (
    (
        ("no kernel image", "no longer supports this GPU", "is not compatible with the current PyTorch"),
        "torch {torch} (CUDA {cuda}) is not built for {gpu}.",
        "Install a torch that is: a newer one for a new GPU, an older one for an old GPU (docs/models.md).",
    ),
    (
        ("out of memory", "ALLOC_FAILED"),
        "The memory of {gpu} is full.",
        "See with `nvidia-smi` who uses it, and end that or use another GPU.",
    ),
    (
        ("busy or unavailable",),
        "Another process has taken {gpu}, or it is in a mode that lets none in.",
        "See with `nvidia-smi` who uses it; `nvidia-smi -c DEFAULT` lets several processes in.",
    ),
    (
        ("system not yet initialized",),
        "The links between the GPUs are not up, so none can be used.",
        "Start nvidia-fabricmanager on the host; on RunPod, deploy the pod on another one.",
    ),
)


def judge(device: str, driver: Driver, probed: Probed) -> DeviceReport:
    """What the driver and the child say, taken together."""
    problem, hint = (None, None) if probed.works else _problem(device, driver, probed)
    return DeviceReport(
        device,
        problem,
        hint,
        torch=probed.said("torch"),
        cuda=probed.said("cuda"),
        driver=driver.version,
        gpus=tuple(TorchGpu(index, **gpu) for index, gpu in enumerate(probed.said("gpus") or ())),
    )


#: A problem and its hint.
Finding = tuple[str, str]


def _problem(device: str, driver: Driver, probed: Probed) -> Finding:
    """The deepest cause that is known."""
    for look in (_no_driver, _torch, _driver, _gpus, _complaint):
        if found := look(device, driver, probed):
            return found
    return _silence(probed)


def _no_driver(device: str, driver: Driver, probed: Probed) -> Finding | None:
    # A container may lack the driver's own library, and torch find the driver all the same.
    found = probed.said("gpus") or any(sign in probed.words for sign in (*_TOO_OLD, _NONE))
    if driver == Driver() and not found:
        return f"{device} was asked for, but this machine has no NVIDIA driver.", _NO_GPU
    return None


def _torch(device: str, driver: Driver, probed: Probed) -> Finding | None:
    step = probed.steps.get("import", {})
    if step.get("error_type") == "ModuleNotFoundError":
        return "torch is not installed.", "Install it with the models: see docs/models.md."
    if "error" in step:
        return f"torch cannot be loaded: {_sentence(step['error'])}", "Install it anew: see docs/models.md."
    if step and not (step.get("cuda") or step.get("hip")):
        return (
            f"torch {step['torch']} is built without CUDA, so it uses the processor alone.",
            "Install a torch that is built for CUDA: see docs/models.md, or use the image.",
        )
    return None


def _driver(device: str, driver: Driver, probed: Probed) -> Finding | None:
    if driver.refusal:
        return (
            f"The NVIDIA driver does not answer: {_sentence(driver.refusal)}",
            "See what `nvidia-smi` says; after an update of the driver, restart the machine.",
        )
    if driver.version and driver.gpus == 0 and not probed.said("gpus"):
        return f"The NVIDIA driver {driver.version} lists no GPU.", _NO_GPU
    if any(sign in probed.words for sign in _TOO_OLD):
        cuda, which = probed.said("cuda"), f" {driver.version}" if driver.version else ""
        return (
            f"The NVIDIA driver{which} is too old for torch {probed.said('torch')}, built for CUDA {cuda}.",
            f"On RunPod, filter the hosts by CUDA version, {cuda} or later, and deploy the pod anew. "
            "Elsewhere, update the driver.",
        )
    return None


def _gpus(device: str, driver: Driver, probed: Probed) -> Finding | None:
    gpus = len(probed.said("gpus") or ())
    if gpus == 0 and _NONE in probed.words:
        return f"torch sees no GPU, and the driver lists {driver.gpus}.", f"{_HIDDEN} {_CPU_INSTEAD}"
    if gpus and _index(device) >= gpus:
        there = "cuda:0" if gpus == 1 else f"one of cuda:0 to cuda:{gpus - 1}"
        return f"{device} was asked for, but torch sees {_count(gpus)}.", f"Set ARENA_DEVICE to {there}. {_HIDDEN}"
    return None


def _complaint(device: str, driver: Driver, probed: Probed) -> Finding | None:
    """What CUDA itself complains of."""
    gpu = _name(device, probed)
    for signs, problem, hint in _COMPLAINTS:
        if any(sign in probed.words for sign in signs):
            return problem.format(gpu=gpu, torch=probed.said("torch"), cuda=probed.said("cuda")), hint
    if probed.said("error"):
        return f"A small computation on {gpu} fails: {_sentence(probed.words)}", _ANOTHER_HOST
    return None


def _silence(probed: Probed) -> Finding:
    """It ended without a word of its own."""
    ended = probed.ended or "said nothing"
    if not probed.steps:
        return (
            f"torch could not be loaded: the process {ended}.",
            "A first load from a slow disk takes long: try again. If it stays so, install torch anew.",
        )
    return f"The GPU does not answer: the process that asked it {ended}.", _ANOTHER_HOST


def _index(device: str) -> int:
    number = device.partition(":")[2]
    return int(number) if number else 0


def _name(device: str, probed: Probed) -> str:
    gpus = probed.said("gpus") or ()
    return str(gpus[_index(device)]["name"]) if _index(device) < len(gpus) else "the GPU"


def _count(gpus: int) -> str:
    return "one GPU" if gpus == 1 else f"{gpus} GPUs"


def _sentence(text: str) -> str:
    """The first line, as a sentence."""
    line = (text.strip().splitlines() or ["no reason given"])[0].strip()[:_MOST_CHARACTERS]
    return line if line.endswith((".", "!", "?")) else f"{line}."
