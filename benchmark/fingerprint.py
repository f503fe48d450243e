"""Whether two results may be compared, in sixteen characters."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

#: What of the environment a machine is: two results may be held against each other only on the same one.
MACHINE = (
    *("cpu", "gpu", "gpus", "ram_mb", "container", "os", "python", "libraries", "arena_version", "git_revision"),
    *("threads", "devices", "numeric_precision"),
)
#: What was asked of it: the same models, images and options give a repetition of the same comparison.
QUESTION = (
    *("options", "ap_confidence", "match_iou", "batch_size", "country", "energy_source"),
    *("weights_sha256", "models", "images_sha256"),
)


def fingerprints(environment: Mapping[str, Any]) -> dict[str, str]:
    """`hardware_fingerprint`, `machine_fingerprint` and, of machine and question, `fingerprint`.

    Each is equal where all of it is equal. Hardware outlives its software: what sums up results over months goes by it.
    """
    return {
        "hardware_fingerprint": _digest(_hardware(environment)),
        "machine_fingerprint": _digest(_chosen(environment, MACHINE)),
        "fingerprint": _digest(_chosen(environment, (*MACHINE, *QUESTION))),
    }


def _hardware(environment: Mapping[str, Any]) -> dict[str, Any]:
    """What a person would call the same hardware, in whichever order the models stood and the driver counts."""
    cpu, used = environment.get("cpu") or {}, environment.get("gpu") or {}
    return {
        "cpu": [cpu.get("model"), cpu.get("logical_cores")],
        # One that was used and that the driver does not list, as in some containers, is there all the same.
        "gpus": sorted(environment.get("gpus") or ([used["name"]] if used.get("name") else [])),
        "container": environment.get("container"),
    }


def _chosen(environment: Mapping[str, Any], keys: Iterable[str]) -> list[list[Any]]:
    return [[key, environment.get(key)] for key in keys]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
