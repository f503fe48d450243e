import json

import cv2

from benchmark import describe_machine


def test_the_library_that_decodes_is_named_whichever_package_brought_it() -> None:
    assert describe_machine()["libraries"]["opencv"].startswith(cv2.__version__)


def test_it_is_json_and_names_the_processor() -> None:
    machine = json.loads(json.dumps(describe_machine()))
    assert machine["cpu"]["model"]
    assert machine["cpu"]["logical_cores"] >= 1
    assert machine["ram_mb"] > 0
