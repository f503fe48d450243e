"""The metrics of GPUs, where the driver does not play along."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry, generate_latest

from agent.telemetry.gpus import Gpus
from benchmark import GpuReading, gpu_names
from tests.agent.queue import until
from tests.agent.telemetry.scrape import samples


def read(gpus: Gpus) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(gpus)
    return samples(generate_latest(registry).decode())


def test_what_a_driver_does_not_tell_is_missing_and_not_0() -> None:
    old = GpuReading(1, "GPU-1", "NVIDIA K80", 5, 10, None, None, 60.0, None)
    labels = '{gpu="1",name="NVIDIA K80",uuid="GPU-1"}'
    assert read(Gpus(lambda: [old])) == {
        "arena_gpu_driver_answers": 1,
        "arena_gpus": 1,
        f"arena_gpu_memory_used_bytes{labels}": 5,
        f"arena_gpu_memory_total_bytes{labels}": 10,
        f"arena_gpu_temperature_celsius{labels}": 60,
    }


def test_a_driver_that_hangs_is_told_and_holds_up_no_scrape() -> None:
    asked: list[int] = []
    answers = threading.Event()

    def hang() -> Sequence[GpuReading]:
        asked.append(1)
        assert answers.wait(30)
        return []

    gpus = Gpus(hang, patience_seconds=0.1)
    started = time.monotonic()
    for _ in range(3):
        assert read(gpus) == {"arena_gpu_driver_answers": 0}
    assert (len(asked), time.monotonic() - started < 5) == (1, True), "nobody else is sent to hang there"
    answers.set()
    until(lambda: read(gpus) == {"arena_gpu_driver_answers": 1, "arena_gpus": 0})


def test_two_scrapes_at_once_are_both_answered() -> None:
    """They ask once, and neither is told that the driver hangs."""
    asked, answers = threading.Event(), threading.Event()

    def be_slow() -> Sequence[GpuReading]:
        asked.set()
        assert answers.wait(30)
        return []

    gpus = Gpus(be_slow, patience_seconds=30)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read, gpus)
        assert asked.wait(10)
        second = pool.submit(read, gpus)
        answers.set()
        assert first.result() == second.result() == {"arena_gpu_driver_answers": 1, "arena_gpus": 0}


def test_this_machine_has_as_many_as_its_driver_says() -> None:
    assert read(Gpus())["arena_gpus"] == len(gpu_names())
