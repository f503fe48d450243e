"""The record beside each of the demo's weights: what they are, how they were made and what they score."""

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2

MADE_FOR = "the demo's generated scenes; not for photographs"


def save_record(weights: Path, facts: dict[str, Any], libraries: Iterable[str]) -> str:
    """Write the record beside the weights, with their hash and the versions they were made with; returns its text."""
    record = {
        "weights": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "bytes": weights.stat().st_size,
        "made_for": MADE_FOR,
        **facts,
        "versions": {
            "python": platform.python_version(),
            "opencv": cv2.__version__,  # of several packages that hold it
            **{name: version(name) for name in libraries},
        },
    }
    text = json.dumps(record, indent=2) + "\n"
    weights.with_suffix(".json").write_text(text, encoding="utf-8")
    return text
