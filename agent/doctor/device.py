"""The GPUs: whether torch can use them, and who else does."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from agent.devices import devices
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from benchmark import DeviceReport, gpu_names, gpu_readings, gpu_states, look_at_device

LOOK_SECONDS = 40.0

_MIB = 2**20
#: Share of its memory from which a GPU counts as used.
_USED = 0.05


def look_at_gpu(place: Place) -> Finding:
    """Whether the device of ARENA_DEVICE can be used, or each of those that the workers are for."""
    reports = _reports(place)
    if failed := [report for report in reports if report.problem]:
        hints = [report.hint or "See what `nvidia-smi` says." for report in failed]
        return problem("\n".join(map(_problem, failed)), "\n".join(dict.fromkeys(hints)), _wanted(place))
    first = reports[0]
    if not first.gpus:
        why = "there is no GPU" if first.device == "auto" else "ARENA_DEVICE is cpu"
        return ok(f"{why}, so models run on the processor")
    return ok(f"{_gpus(place, reports)}; driver {first.driver}, torch {first.torch} for CUDA {first.cuda}")


def _reports(place: Place) -> list[DeviceReport]:
    """Of all that are meant, at once, since each loads torch; within LOOK_SECONDS. Raises SettingsError."""
    ends_at = time.monotonic() + LOOK_SECONDS

    @cache
    def look(device: str) -> DeviceReport:
        return look_at_device(device, max(1.0, ends_at - time.monotonic()))

    wanted = devices(place.devices, place.settings.device, look, gpu_names)
    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(look, wanted))


def _problem(report: DeviceReport) -> str:
    return f"{report.device}: {report.problem}"


def _wanted(place: Place) -> str:
    return f"--devices {place.devices}" if place.devices else f"ARENA_DEVICE={place.settings.device}"


def _gpus(place: Place, reports: Sequence[DeviceReport]) -> str:
    """All that torch sees, or those that are meant."""
    meant = {report.device for report in reports}
    gpus = [gpu for gpu in reports[0].gpus if not place.devices or f"cuda:{gpu.index}" in meant]
    return ", ".join(f"{gpu.name} ({gpu.memory_mb} MiB)" for gpu in gpus)


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
