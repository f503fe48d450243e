from typing import Any

import pytest

from benchmark.fingerprint import MACHINE, QUESTION, fingerprints

ENVIRONMENT: dict[str, Any] = {key: {"of": key} for key in (*MACHINE, *QUESTION)}
HARDWARE: dict[str, Any] = ENVIRONMENT | {
    "cpu": {"model": "AMD EPYC", "physical_cores": 8, "logical_cores": 16},
    "gpu": {"name": "NVIDIA L4", "driver": "570.86"},
    "gpus": ["NVIDIA L4", "NVIDIA T4"],
    "container": {"cores": 4.0, "memory_mb": 16384},
}


@pytest.mark.parametrize("key", MACHINE)
def test_another_machine_changes_both(key: str) -> None:
    one, other = fingerprints(ENVIRONMENT), fingerprints(ENVIRONMENT | {key: {"of": "other"}})
    assert one["machine_fingerprint"] != other["machine_fingerprint"]
    assert one["fingerprint"] != other["fingerprint"]


@pytest.mark.parametrize("key", QUESTION)
def test_another_question_to_the_same_machine_changes_one(key: str) -> None:
    one, other = fingerprints(ENVIRONMENT), fingerprints(ENVIRONMENT | {key: {"of": "other"}})
    assert one["machine_fingerprint"] == other["machine_fingerprint"]
    assert one["fingerprint"] != other["fingerprint"]


def test_what_differs_from_run_to_run_is_left_out() -> None:
    changed = ENVIRONMENT | {"started_at": "now", "duration_s": 3.0, "other_load_cores": 0.2}
    assert fingerprints(changed) == fingerprints(ENVIRONMENT)


def test_the_order_of_names_does_not_matter() -> None:
    one = fingerprints({"libraries": {"a": "1", "b": "2"}})
    assert one == fingerprints({"libraries": {"b": "2", "a": "1"}})


@pytest.mark.parametrize(
    "change",
    [
        {"cpu": {"model": "AMD EPYC", "physical_cores": 8, "logical_cores": 8}},
        {"cpu": {"model": "Intel Xeon", "physical_cores": 8, "logical_cores": 16}},
        {"gpus": ["NVIDIA L4"]},
        {"gpus": ["NVIDIA L4", "NVIDIA H200"]},
        {"container": {"cores": 2.0, "memory_mb": 16384}},
        {"container": {"cores": 4.0, "memory_mb": 8192}},
    ],
)
def test_other_hardware_is_told_apart(change: dict[str, Any]) -> None:
    assert hardware(HARDWARE | change) != hardware(HARDWARE)


@pytest.mark.parametrize(
    "change",
    [
        {
            "git_revision": "next",
            "arena_version": "0.2.0",
            "libraries": {"torch": "3.0"},
            "python": "3.12",
            "os": "new",
        },
        {"ram_mb": 128_001},
        {"gpu": {"name": "NVIDIA L4", "driver": "580.01"}},
        {"gpus": ["NVIDIA T4", "NVIDIA L4"]},
        {"devices": ["cuda:0", "cpu"], "threads": [1, 8], "numeric_precision": ["fp16", "fp32"]},
    ],
)
def test_hardware_outlives_software_and_the_order_of_the_models(change: dict[str, Any]) -> None:
    assert hardware(HARDWARE | change) == hardware(HARDWARE)


def test_a_gpu_that_the_driver_does_not_list_is_hardware_too() -> None:
    bare: dict[str, Any] = {"cpu": HARDWARE["cpu"], "gpus": []}
    used = bare | {"gpu": {"name": "NVIDIA L4", "driver": None}}
    assert hardware(used) == hardware(bare | {"gpus": ["NVIDIA L4"]}) != hardware(bare)


def hardware(environment: dict[str, Any]) -> str:
    return fingerprints(environment)["hardware_fingerprint"]
