"""Every way to fail is told as what it is, and leaves the parent at work."""

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmark import (
    GpuOutOfMemory,
    HostDied,
    HostError,
    HostTimeout,
    LabelledImage,
    ModelFailed,
    OutOfMemory,
)
from benchmark.measure import host as host_module
from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.messages import Load, Loaded, Open, Picture, Stream, Streamed
from benchmark.model import Image, Model, ModelInfo
from tests.benchmark.measure.hosts import QUERY, WATCH, gone, load_fake, open_scenes


@pytest.fixture
def started(host: Host, scenes: list[LabelledImage]) -> Host:
    """A Host with images."""
    ask(host, open_scenes(scenes), WATCH)
    return host


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("segfault", "was killed by SIGSEGV"),
        ("abort", "was killed by SIGABRT"),
        ("exit", "ended with exit code 3"),
        ("die", "was killed by SIGKILL"),
    ],
)
def test_a_process_that_ends_is_told_by_its_signal_or_exit_code(
    started: Host, tmp_path: Path, fault: str, said: str
) -> None:
    ask(started, load_fake(tmp_path, {"fault": fault}), WATCH)
    with pytest.raises(HostDied, match=f"^The process that ran test_model {said}"):
        ask(started, Stream((0,), QUERY), WATCH)
    assert not started.alive
    assert not started.busy


@pytest.mark.parametrize(("fault", "said"), [("segfault", "SIGSEGV"), ("exit", "exit code 3")])
def test_a_process_that_ends_while_it_loads_is_told_likewise(host: Host, tmp_path: Path, fault: str, said: str) -> None:
    with pytest.raises(HostDied, match=said):
        ask(host, load_fake(tmp_path, {"fault_at_load": fault}), WATCH)


def crash_with_torch(device: str) -> Model:
    import torch

    os.write(2, b"what came before\n")
    torch.empty(1)
    os.abort()
    raise AssertionError(device)


def test_the_last_words_hold_what_happened_not_what_was_imported(host: Host) -> None:
    with pytest.raises(HostDied, match="SIGABRT") as caught:
        ask(host, Load(crash_with_torch, "cpu", None), WATCH)
    [words] = caught.value.__notes__
    assert "what came before" in words
    assert "Fatal Python error: Aborted" in words
    assert "in crash_with_torch" in words
    assert "Extension modules" not in words


@pytest.mark.parametrize("fault", ["stop", "hold the interpreter", "hang"])
def test_a_process_that_hangs_is_ended(started: Host, tmp_path: Path, fault: str) -> None:
    ask(started, load_fake(tmp_path, {"fault": fault}), WATCH)
    with pytest.raises(HostTimeout, match=r"test_model gave no sign of life for 0\.5 s"):
        ask(started, Stream((0,), QUERY), Watch(silence_s=0.5))
    assert gone(started.pid)


def test_a_host_that_has_ended_is_told_so_however_often(host: Host) -> None:
    ask(host, Open(()), WATCH)
    host.kill()
    for _ in range(2):
        with pytest.raises(HostDied, match="SIGKILL"):
            ask(host, Open(()), WATCH)
    assert not host.busy
    host.look_after(1.0)


def test_a_process_that_hangs_while_it_loads_is_ended(host: Host, tmp_path: Path) -> None:
    ask(host, Open(()), WATCH)
    with pytest.raises(HostTimeout):
        ask(host, load_fake(tmp_path, {"fault_at_load": "hold the interpreter"}), Watch(silence_s=0.5))
    assert gone(host.pid)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("exhaust", OutOfMemory, "the memory of this machine .MemoryError: no more"),
        ("allocate too much", OutOfMemory, "the memory of this machine .RuntimeError: .*DefaultCPUAllocator"),
        ("sys.exit", ModelFailed, "test_model raised SystemExit: 3"),
    ],
)
def test_what_a_model_raises_is_told_and_the_host_lives_on(
    started: Host, tmp_path: Path, fault: str, error: type[HostError], said: str
) -> None:
    ask(started, load_fake(tmp_path, {"fault": fault, "work_ms": 1}), WATCH)
    for _ in range(2):
        with pytest.raises(error, match=said) as caught:
            ask(started, Stream((0,), QUERY), WATCH)
        assert type(caught.value) is error
        assert not caught.value.transient
    assert started.alive


def test_a_host_whose_gpu_is_full_lives_on(started: Host, tmp_path: Path) -> None:
    loaded = ask(started, load_fake(tmp_path, {"device": "cuda:0", "most_at_once": 0}, device="auto"), WATCH)
    assert isinstance(loaded, Loaded)
    assert (loaded.model.device, loaded.gpu_name) == ("cuda:0", None)
    for _ in range(2):
        with pytest.raises(GpuOutOfMemory, match=r"test_model does not fit into the memory of the GPU .OutOfMemoryErr"):
            ask(started, Stream((0,), QUERY), WATCH)
    assert started.alive


def test_the_same_model_fits_on_the_processor(started: Host, tmp_path: Path) -> None:
    loaded = ask(started, load_fake(tmp_path, {"device": "cuda:0", "most_at_once": 0}, device="cpu"), WATCH)
    assert isinstance(loaded, Loaded)
    assert loaded.model.device == "cpu"
    assert isinstance(ask(started, Stream((0,), QUERY), WATCH), Streamed)


class Hoarder:
    """Says its memory is full while its error still holds on to a lot."""

    info = ModelInfo(1, "fp32", "cpu", ("car",))

    def preprocess(self, images: list[Image]) -> Any:
        return images

    def infer(self, inputs: Any) -> Any:
        held: list[Any] = [bytearray(b"x") * (300 * 2**20)]
        held.append(held)  # as an autograd graph does: only the collector finds it
        raise MemoryError(len(held))

    def synchronize(self) -> None:
        pass


def load_hoarder(device: str) -> Any:
    return Hoarder()


def test_what_did_not_fit_is_let_go(started: Host) -> None:
    ask(started, Load(load_hoarder, "cpu", None), WATCH)
    before = started.resident_mb
    with pytest.raises(OutOfMemory):
        ask(started, Stream((0,), QUERY), WATCH)
    assert started.resident_mb < before + 100


def test_a_model_that_changes_its_process_still_works(started: Host, tmp_path: Path) -> None:
    ask(started, load_fake(tmp_path, {"fault_at_load": "change the process"}), WATCH)
    assert isinstance(ask(started, Stream((0, 1), QUERY), WATCH), Streamed)
    assert isinstance(ask(started, Open(()), WATCH), object)
    started.close()
    assert gone(started.pid)


def of_no_module() -> Callable[[str], Model]:
    def load(device: str) -> Model:
        raise AssertionError(device)

    return load


class Unreadable:
    """Can be written, but not read again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (__import__, ("no_such_module",))

    def __call__(self, device: str) -> Model:
        raise AssertionError(device)


@pytest.mark.parametrize(
    ("loader", "said"),
    [
        (of_no_module(), "^test_model: Load cannot leave its process .*of_no_module.*both processes can import"),
        (
            Unreadable(),
            "^test_model: a message cannot be read in the other process .ModuleNotFoundError: .*no_such",
        ),
    ],
    ids=["cannot be written", "cannot be read"],
)
def test_a_loader_that_cannot_be_sent_is_a_lasting_error(host: Host, loader: Any, said: str) -> None:
    with pytest.raises(ModelFailed, match=said) as caught:
        ask(host, Load(loader, "cpu", None), WATCH)
    assert not caught.value.transient
    assert host.alive
    assert not host.busy
    ask(host, Open(()), WATCH)


class Answering:
    """A model that says of itself what it was given."""

    def __init__(self, class_name: Any) -> None:
        self.info = ModelInfo(1, "fp32", "cpu", (class_name,))

    def synchronize(self) -> None:
        pass


def answer_what_cannot_be_written(device: str) -> Any:
    return Answering(threading.Lock())


def answer_what_cannot_be_read(device: str) -> Any:
    return Answering(Unreadable())


@pytest.mark.parametrize(
    ("loader", "said"),
    [
        (answer_what_cannot_be_written, "^test_model: Loaded cannot leave its process .*lock"),
        (answer_what_cannot_be_read, "^test_model: a message cannot be read in the other process .*no_such_module"),
    ],
)
def test_a_reply_that_cannot_be_sent_is_a_lasting_error(host: Host, loader: Any, said: str) -> None:
    with pytest.raises(ModelFailed, match=said):
        ask(host, Load(loader, "cpu", None), WATCH)
    assert host.alive
    assert not host.busy
    ask(host, Open(()), WATCH)


def test_a_host_that_stands_still_cannot_hold_up_a_long_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "_MESSAGE_TIMEOUT", 1)
    host = Host("stopped")
    try:
        ask(host, Open(()), WATCH)
        os.kill(host.pid, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(HostTimeout, match="stopped stood still for 1 s within a message"):
            ask(host, Open(tuple(Picture(Path(f"/{number:0500}"), "x") for number in range(10_000))), WATCH)
        assert time.monotonic() - start < 25  # sooner than by its silence
        assert not host.alive
    finally:
        host.close()


def leave_a_thread_and_crash(device: str) -> Model:
    threading.Thread(target=partial(time.sleep, 3600)).start()
    raise KeyboardInterrupt(device)


def test_a_process_that_breaks_ends_though_threads_are_left(host: Host) -> None:
    with pytest.raises(HostDied, match="exit code 1") as caught:
        ask(host, Load(leave_a_thread_and_crash, "cpu", None), Watch(silence_s=60))
    assert "KeyboardInterrupt" in caught.value.__notes__[0]
