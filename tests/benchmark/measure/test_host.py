import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from benchmark import BadImage, Cancelled, HostDied, HostTimeout, LabelledImage, ModelFailed
from benchmark.measure.host import Host, Watch, ask, ask_all, stop_all
from benchmark.measure.messages import (
    ForgetPeak,
    Load,
    Loaded,
    MeasureMemory,
    Memory,
    Open,
    Opened,
    PeakForgotten,
    Picture,
    Stream,
    Streamed,
)
from benchmark.model import Model
from tests.benchmark.measure.hosts import QUERY, WATCH, gone, load_fake, open_scenes


def test_it_opens_loads_and_measures(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    opened = ask(host, open_scenes(scenes), WATCH)
    assert opened == Opened(((80, 60),) * len(scenes))
    loaded = ask(host, load_fake(tmp_path, '{"work_ms": 2}'), WATCH)
    assert isinstance(loaded, Loaded)
    assert loaded.model.class_names == ("car", "dog")
    streamed = ask(host, Stream((0, 5, 5), QUERY), WATCH)
    assert isinstance(streamed, Streamed)
    assert [sample.image for sample in streamed.samples] == [0, 5, 5]
    assert all(sample.inference_ms >= 2 for sample in streamed.samples)
    assert all(sample.total_ms >= sample.predict_ms >= sample.inference_ms for sample in streamed.samples)


def test_its_memory_is_that_of_its_model(host: Host, tmp_path: Path) -> None:
    ask(host, load_fake(tmp_path, '{"memory_mb": 400}'), WATCH)
    memory = ask(host, MeasureMemory(), WATCH)
    assert isinstance(memory, Memory)
    assert memory.resident_mb is not None
    assert psutil.Process(host.pid).memory_info().rss / 2**20 == pytest.approx(memory.resident_mb, rel=0.05)
    assert memory.resident_mb > 400
    assert memory.gpu_reserved_mb is None


def test_the_peak_starts_anew_with_the_next_comparison(host: Host, tmp_path: Path) -> None:
    load = load_fake(tmp_path, "{}")
    ask(host, load, WATCH)
    before = ask(host, MeasureMemory(), WATCH)
    ask(host, Load(partial(hoard, 500), "cpu", None), WATCH)
    assert ask(host, load, WATCH) == ask(host, load, WATCH)
    after = ask(host, MeasureMemory(), WATCH)
    assert isinstance(before, Memory)
    assert isinstance(after, Memory)
    assert after.resident_mb == pytest.approx(before.resident_mb, abs=50)


def hoard(megabytes: int, device: str) -> Model:
    """Never called: the Host has its model already."""
    raise AssertionError(megabytes, device)


def test_a_killed_host_is_reported_with_its_signal(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, '{"fault": "die"}'), WATCH)
    with pytest.raises(HostDied, match=r"test_model was killed by SIGKILL.*memory"):
        ask(host, Stream((0,), QUERY), WATCH)


def test_a_crash_leaves_its_last_words(host: Host) -> None:
    crash = Load(crash_hard, "cpu", None)
    with pytest.raises(HostDied, match=r"SIGSEGV|SIGABRT") as caught:
        ask(host, crash, WATCH)
    assert "Fatal Python error" in caught.value.__notes__[0]


def crash_hard(device: str) -> Model:
    import ctypes

    ctypes.string_at(0)
    raise AssertionError(device)


def test_a_silent_host_is_ended(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, '{"fault": "hang"}'), WATCH)
    with pytest.raises(HostTimeout, match=r"test_model gave no sign of life for 0\.5 s"):
        ask(host, Stream((0,), QUERY), Watch(silence_s=0.5))
    assert gone(host.pid)


def test_a_busy_host_that_shows_signs_of_life_is_left_alone(
    host: Host, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, '{"work_ms": 100}'), WATCH)
    beats = []
    reply = ask(host, Stream((0,) * 30, QUERY), Watch(silence_s=5, on_beat=lambda _, beat: beats.append(beat.done)))
    assert isinstance(reply, Streamed)
    assert beats == sorted(beats)
    assert len(beats) >= 3


def test_cancelling_stops_it_within_a_prediction_and_leaves_it_usable(
    host: Host, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, '{"work_ms": 20}'), WATCH)
    with pytest.raises(Cancelled):
        ask(host, Stream((0,) * 10_000, QUERY), Watch(silence_s=30, should_stop=lambda: True))
    stop_all([host])
    assert host.alive
    assert isinstance(ask(host, Stream((0,), QUERY), WATCH), Streamed)


def test_a_host_that_does_not_leave_off_is_ended(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, '{"fault": "hang"}'), WATCH)
    with pytest.raises(Cancelled):
        ask(host, Stream((0,), QUERY), Watch(silence_s=30, should_stop=lambda: True))
    stop_all([host])
    assert gone(host.pid)
    stop_all([host])  # once more does no harm


def test_an_error_of_the_model_is_told_and_the_host_lives_on(
    host: Host, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, '{"fault": "raise"}'), WATCH)
    with pytest.raises(ModelFailed, match="RuntimeError: the layers do not fit") as caught:
        ask(host, Stream((0,), QUERY), WATCH)
    [note] = caught.value.__notes__
    assert "in _misbehave" in note
    assert host.alive


def test_what_a_host_has_started_ends_with_it(tmp_path: Path) -> None:
    host = Host("parent")
    try:
        with pytest.raises(ModelFailed):
            ask(host, Load(partial(start_sleeper, tmp_path / "pid"), "cpu", None), WATCH)
    finally:
        host.kill()
    assert gone(int((tmp_path / "pid").read_text()))


def start_sleeper(pid_file: Path, device: str) -> Model:
    pid_file.write_text(str(subprocess.Popen(["sleep", "600"]).pid))
    raise RuntimeError(device)


def test_it_ends_with_a_host_that_died_by_itself_too_and_that_is_seen_at_once(tmp_path: Path) -> None:
    """The process that was started holds the connection open."""
    host, start = Host("parent"), time.monotonic()
    with pytest.raises(HostDied, match="SIGKILL"):
        ask(host, Load(partial(fork_and_die, tmp_path / "pid"), "cpu", None), WATCH)
    assert time.monotonic() - start < WATCH.silence_s / 2
    assert gone(int((tmp_path / "pid").read_text()))
    host.close()


def fork_and_die(pid_file: Path, device: str) -> Model:
    if child := os.fork():
        pid_file.write_text(str(child))
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(600)
    raise RuntimeError(device)


def test_the_peak_can_be_forgotten(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    """What the first images took is not counted any more."""
    large = draw_large(tmp_path / "large.png")
    ask(host, load_fake(tmp_path, "{}"), WATCH)
    ask(host, Open((Picture(large, "large"),)), WATCH)
    ask(host, Stream((0,), QUERY), WATCH)
    ask(host, open_scenes(scenes), WATCH)
    host.sampled_peak_mb = 1e6
    before = ask(host, MeasureMemory(), WATCH)
    assert ask(host, ForgetPeak(), WATCH) == PeakForgotten()
    after = ask(host, MeasureMemory(), WATCH)
    assert host.sampled_peak_mb < 1e6
    assert isinstance(before, Memory)
    assert isinstance(after, Memory)
    assert before.resident_mb is not None
    assert after.resident_mb is not None
    assert after.resident_mb < before.resident_mb - 50


def draw_large(file: Path) -> Path:
    """90 MiB when decoded."""
    assert cv2.imwrite(str(file), np.zeros((5000, 6000, 3), np.uint8))
    return file


def test_two_hosts_work_at_once_and_answer_in_order(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    other = Host("other")
    try:
        replies = ask_all([(host, open_scenes(scenes[:3])), (other, open_scenes(scenes[:1]))], WATCH)
        assert [len(reply.sizes) for reply in replies if isinstance(reply, Opened)] == [3, 1]
    finally:
        other.close()


def test_a_broken_image_is_told_by_its_public_name(host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret-path.jpg").write_bytes(b"no image at all")
    with pytest.raises(BadImage, match=r"^cars/7\.jpg is broken") as caught:
        ask(host, Open((Picture(tmp_path / "secret-path.jpg", "cars/7.jpg"),)), WATCH)
    assert "secret-path" not in str(caught.value)


def test_closing_ends_the_process_and_its_folder(scenes: list[LabelledImage]) -> None:
    host = Host("short_lived")
    ask(host, open_scenes(scenes), WATCH)
    folder = Path(psutil.Process(host.pid).cwd())
    host.close()
    host.close()
    assert gone(host.pid)
    assert not folder.exists()


def test_an_interrupt_from_the_terminal_does_not_reach_it(host: Host, scenes: list[LabelledImage]) -> None:
    assert os.getpgid(host.pid) != os.getpgid(0)
    ask(host, open_scenes(scenes), WATCH)
    os.kill(host.pid, signal.SIGINT)
    assert isinstance(ask(host, open_scenes(scenes), WATCH), Opened)


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import time\nfrom benchmark.measure.host import Host, Watch, ask\n"
        "from benchmark.measure.messages import Open\n"
        "host = Host('x'); ask(host, Open(()), Watch(30)); print(host.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    assert gone(child)


def test_it_carries_nothing_of_the_program_that_started_it(host: Host, tmp_path: Path) -> None:
    """Else a test runner or a web client would count as the model's memory."""
    loaded = ask(host, load_fake(tmp_path, '{"witness": true}'), WATCH)
    assert isinstance(loaded, Loaded)
    modules = set(loaded.model.class_names)
    assert "numpy" in modules
    assert not modules & {"pytest", "torch", "agent", "supabase", "httpx"}


def test_a_warm_host_takes_no_processor_time(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, "{}"), WATCH)
    before = psutil.Process(host.pid).cpu_times()
    time.sleep(1)
    after = psutil.Process(host.pid).cpu_times()
    assert (after.user + after.system) - (before.user + before.system) < 0.1


def test_a_sigterm_to_the_whole_group_is_the_parents_to_handle(host: Host, tmp_path: Path) -> None:
    ask(host, load_fake(tmp_path, "{}"), WATCH)
    os.kill(host.pid, signal.SIGTERM)
    assert isinstance(ask(host, MeasureMemory(), WATCH), Memory)


def fault(device: str) -> Model:
    raise RuntimeError("CUDA error: unspecified launch failure")


def test_a_host_whose_gpu_failed_is_ended_whoever_hears_of_it(host: Host) -> None:
    host.send(Load(fault, "cpu", None))
    host.finish_by(time.monotonic() + 30)
    assert not host.alive
