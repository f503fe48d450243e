"""The GPU: whether torch can use it, and who else does."""

from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from benchmark import gpu_readings, gpu_states, look_at_device

LOOK_SECONDS = 40.0

_MIB = 2**20
#: Share of its memory from which a GPU counts as used.
_USED = 0.05


def look_at_gpu(place: Place) -> Finding:
    """Whether the device of ARENA_DEVICE can be used."""
    report = look_at_device(place.settings.device, LOOK_SECONDS)
    if report.problem:
        return problem(report.problem, report.hint or "See what `nvidia-smi` says.", f"ARENA_DEVICE={report.device}")
    if not report.gpus:
        why = "there is no GPU" if report.device == "auto" else "ARENA_DEVICE is cpu"
        return ok(f"{why}, so models run on the processor")
    gpus = ", ".join(f"{gpu.name} ({gpu.memory_mb} MiB)" for gpu in report.gpus)
    return ok(f"{gpus}; driver {report.driver}, torch {report.torch} for CUDA {report.cuda}")


def look_at_other_use(place: Place) -> Finding:
    """Whether somebody else uses a GPU, which would be measured with the models."""
    readings = gpu_readings()
    if place.settings.device == "cpu" or not readings:
        return skipped("No GPU is measured.")
    foreign = [state["foreign_processes"] or 0 for state in gpu_states()]
    taken = [
        f"GPU {each.index}: {each.memory_used_bytes // _MIB} of {each.memory_total_bytes // _MIB} MiB are taken"
        for each in readings
        if each.memory_used_bytes and each.memory_total_bytes
        and each.memory_used_bytes > _USED * each.memory_total_bytes
    ]  # fmt: skip
    if not taken and not any(foreign):
        return ok("nobody else uses it")
    processes = [f"GPU {index}: {count} processes" for index, count in enumerate(foreign) if count]
    return warning(
        f"{'; '.join([*taken, *processes])}.",
        "`nvidia-smi` says who; an agent that runs here is one of them. Measure with nobody else there.",
    )
