from typing import Any

import pytest

from benchmark.fingerprint import MACHINE, QUESTION, fingerprints

ENVIRONMENT: dict[str, Any] = {key: {"of": key} for key in (*MACHINE, *QUESTION)}


@pytest.mark.parametrize("key", MACHINE)
def test_another_machine_changes_both(key: str) -> None:
    one, other = fingerprints(ENVIRONMENT), fingerprints(ENVIRONMENT | {key: "other"})
    assert one["machine_fingerprint"] != other["machine_fingerprint"]
    assert one["fingerprint"] != other["fingerprint"]


@pytest.mark.parametrize("key", QUESTION)
def test_another_question_to_the_same_machine_changes_one(key: str) -> None:
    one, other = fingerprints(ENVIRONMENT), fingerprints(ENVIRONMENT | {key: "other"})
    assert one["machine_fingerprint"] == other["machine_fingerprint"]
    assert one["fingerprint"] != other["fingerprint"]


def test_what_differs_from_run_to_run_is_left_out() -> None:
    changed = ENVIRONMENT | {"started_at": "now", "duration_s": 3.0, "other_load_cores": 0.2}
    assert fingerprints(changed) == fingerprints(ENVIRONMENT)


def test_the_order_of_names_does_not_matter() -> None:
    one = fingerprints({"libraries": {"a": "1", "b": "2"}})
    assert one == fingerprints({"libraries": {"b": "2", "a": "1"}})
