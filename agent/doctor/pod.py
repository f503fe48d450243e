"""The RunPod pod that this runs on, if it is one."""

import os

from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from agent.errors import PodError
from agent.runpod import pod
from benchmark import gpu_names

_NO_POD = "This is no RunPod pod: RUNPOD_POD_ID is not set."
_ANEW = "Terminate the pod and deploy it anew on its volume (docs/runpod.md)."


def look_at_pod(place: Place) -> Finding:
    """Whether it has the GPUs that it should have."""
    settings = place.settings
    if settings.runpod_pod_id is None:
        return skipped(_NO_POD)
    promised, seen = os.environ.get("RUNPOD_GPU_COUNT", ""), len(gpu_names())
    if settings.device != "cpu" and promised.isdecimal() and int(promised) != seen:
        return problem(f"RunPod gave this pod {_gpus(int(promised))}, and the driver lists {_gpus(seen)}.", _ANEW)
    if settings.device != "cpu" and promised in ("", "0") and not seen:
        return warning("The pod has no GPU: the processor would be measured.", f"{_ANEW} Or set ARENA_DEVICE=cpu.")
    return ok(f"{settings.runpod_pod_id} with {_gpus(seen)}")


def look_at_stopping(place: Place) -> Finding:
    """Whether the agent can stop its pod, where that is wanted. It is not stopped: RunPod is asked how it is."""
    settings = place.settings
    if settings.runpod_pod_id is None:
        return skipped(_NO_POD)
    if not settings.stop_pod:
        return skipped("ARENA_STOP_POD is false: an idle agent lets the pod run.")
    try:
        found = pod(settings)
    except PodError as error:
        return problem(f"The agent cannot stop it: {error.message}", error.hint or "See RunPod's console.")
    if found.locked:
        return problem("It is locked, so the agent cannot stop it.", "Unlock it in RunPod's console.")
    return ok(f"RunPod answers: {found.status.lower()}, ${found.usd_per_hour:g} an hour")


def _gpus(count: int) -> str:
    return "one GPU" if count == 1 else f"{count} GPUs"
