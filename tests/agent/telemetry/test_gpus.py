"""The metrics of GPUs, where the driver does not play along."""

import threading
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, generate_latest

from agent.telemetry.gpus import Gpus
from benchmark import GpuReading, gpu_names
from tests.agent.telemetry.scrape import samples


def read(gpus: Gpus) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(gpus)
    return samples(generate_latest(registry).decode())


def test_what_a_driver_does_not_tell_is_missing_and_not_0() -> None:
    old = GpuReading(1, "GPU-1", "NVIDIA K80", 5, 10, None, None, 60.0, None)
    labels = '{gpu="1",name="NVIDIA K80",uuid="GPU-1"}'
    assert read(Gpus(lambda: [old])) == {
        "arena_gpus": 1,
        f"arena_gpu_memory_used_bytes{labels}": 5,
        f"arena_gpu_memory_total_bytes{labels}": 10,
        f"arena_gpu_temperature_celsius{labels}": 60,
    }


def test_a_driver_that_hangs_holds_up_one_scrape_and_no_other() -> None:
    asked, answers = threading.Event(), threading.Event()

    def hang() -> Sequence[GpuReading]:
        asked.set()
        answers.wait(30)
        return []

    gpus = Gpus(hang)
    first = threading.Thread(target=read, args=[gpus])
    first.start()
    assert asked.wait(10)
    assert read(gpus) == {}
    answers.set()
    first.join(10)
    assert read(gpus) == {"arena_gpus": 0}


def test_this_machine_has_as_many_as_its_driver_says() -> None:
    assert read(Gpus())["arena_gpus"] == len(gpu_names())
