"""On a machine with an NVIDIA GPU: the device that models are to run on, looked at from outside."""

import pytest

from benchmark import look_at_device
from benchmark.measure.driver import Driver

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(Driver.find().gpus == 0, reason="needs an NVIDIA GPU")]


@pytest.mark.parametrize("device", ["auto", "cuda", "cuda:0"])
def test_a_gpu_that_works_is_described(device: str) -> None:
    report = look_at_device(device)
    assert report.problem is None, (report.problem, report.hint)
    assert report.driver == Driver.find().version
    assert report.torch
    assert report.cuda
    assert report.gpus[0].index == 0
    assert report.gpus[0].memory_mb > 1000
    assert report.gpus[0].compute_capability.count(".") == 1


def test_a_gpu_that_is_not_there_is_named() -> None:
    report = look_at_device("cuda:99")
    assert "cuda:99 was asked for, but torch sees" in str(report.problem)
    assert report.gpus


def test_gpus_that_are_hidden_are_a_problem_of_auto_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    report = look_at_device("auto")
    assert "torch sees no GPU, and the driver lists" in str(report.problem)
    assert "CUDA_VISIBLE_DEVICES" in str(report.hint)
