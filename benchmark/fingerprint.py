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
    """`machine_fingerprint` and, of machine and question, `fingerprint`; equal where all of it is equal."""
    return {
        "machine_fingerprint": _digest(environment, MACHINE),
        "fingerprint": _digest(environment, (*MACHINE, *QUESTION)),
    }


def _digest(environment: Mapping[str, Any], keys: Iterable[str]) -> str:
    text = json.dumps([[key, environment.get(key)] for key in keys], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
