"""Catalogues of models that need no library and misbehave on demand: see fake_adapter.py."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FAMILY = '[families.fake]\nmodule = "tests.benchmark.fake_adapter"\n'
#: To be followed by what else is said of the weights.
ENTRY = """
[models.{id}]
name = "{id}"
family = "{family}"
task = "object-detection"
can_detect_cars = true
description = "Of a test."
classes = {{ auto = "car" }}
[models.{id}.weights]
file = "{file}"
"""


def write_fake(folder: Path, model_id: str, manners: Mapping[str, Any], family: str = "fake") -> str:
    """Write the weights, the model's manners as JSON; the entry that names them in a catalogue beside them."""
    file, content = f"{model_id}.json", json.dumps({"id": model_id, **manners}).encode()
    (folder / file).write_bytes(content)
    return ENTRY.format(id=model_id, family=family, file=file) + f'sha256 = "{hashlib.sha256(content).hexdigest()}"\n'
