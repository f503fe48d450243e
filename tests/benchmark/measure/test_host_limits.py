"""Memory, time and output of a Host are bounded."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from benchmark import Cancelled, HostDied, LabelledImage, ModelFailed, OutOfMemory, PhaseTimeout
from benchmark.measure import death
from benchmark.measure import host as host_module
from benchmark.measure.host import Host, Watch, ask, ask_all, stop_all
from benchmark.measure.messages import Load, MeasureMemory, Open, Picture, Stream, Streamed
from benchmark.model import Model
from tests.benchmark.measure.hosts import QUERY, WATCH, gone, load_fake, open_scenes

CGROUPS = Path("/sys/fs/cgroup")


def test_a_host_that_grows_beyond_its_limit_is_ended(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"fault": "grow"}), WATCH)
    limit_mb = host.resident_mb + 400
    with pytest.raises(
        OutOfMemory, match=rf"test_model took \d+ MiB .* where {limit_mb:.0f} MiB are allowed"
    ) as caught:
        ask(host, Stream((0,), QUERY), Watch(silence_s=60, memory_limit_mb=limit_mb))
    assert "batch_size" in str(caught.value)
    assert gone(host.pid)
    assert host.sampled_peak_mb > limit_mb
    assert not host.busy


def test_a_host_within_its_limit_is_left_alone(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"memory_mb": 300, "work_ms": 100}), WATCH)
    watch = Watch(silence_s=30, memory_limit_mb=host.resident_mb + 100)
    assert isinstance(ask(host, Stream((0,) * 5, QUERY), watch), Streamed)
    assert 300 < host.sampled_peak_mb <= host.resident_mb + 100


def hoard_for_a_while(device: str) -> Model:
    held = np.ones(500 * 2**20, np.uint8)
    time.sleep(1)
    raise RuntimeError(held.size)


def load_slowly(device: str) -> Model:
    time.sleep(0.5)
    raise RuntimeError(device)


def test_the_peak_that_was_sampled_starts_anew_with_each_load(host: Host) -> None:
    for loader, least, most in ((hoard_for_a_while, 500, 5000), (load_slowly, 10, 400)):
        with pytest.raises(ModelFailed):
            ask(host, Load(loader, "cpu", None), WATCH)
        assert least < host.sampled_peak_mb < most


def test_the_kernel_would_end_it_before_others(host: Host) -> None:
    ask(host, Open(()), WATCH)
    assert Path(f"/proc/{host.pid}/oom_score_adj").read_text().strip() == "1000"
    assert Path("/proc/self/oom_score_adj").read_text().strip() != "1000"


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group whose processes may take 400 MiB together."""
    for parent, limit in ((CGROUPS / "memory", "memory.limit_in_bytes"), (CGROUPS, "memory.max")):
        group = parent / f"arena-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / limit).write_text(str(400 * 2**20))
        except OSError:
            with suppress(OSError):
                group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("needs the right to make a control group with a memory limit")


def test_a_host_that_the_kernel_ended_for_its_memory_is_told_from_one_that_was_killed(
    host: Host, small_group: Path, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"fault": "grow"}), WATCH)
    (small_group / "cgroup.procs").write_text(str(host.pid))
    with pytest.raises(OutOfMemory, match="the kernel ended the process that ran test_model"):
        ask(host, Stream((0,), QUERY), WATCH)
    assert not host.alive


def test_a_kill_is_not_blamed_on_memory_that_ran_out_before(
    host: Host, scenes: list[LabelledImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = tmp_path / "vmstat"
    monkeypatch.setattr(death, "_COUNTERS", (counter,))
    for kills in (3, 4):
        counter.write_text(f"oom_kill {kills}\n")
        ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"fault": "die"}), WATCH)
    with pytest.raises(HostDied):
        ask(host, Stream((0,), QUERY), WATCH)


def test_a_phase_that_takes_too_long_is_broken_off(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"work_ms": 20}), WATCH)
    watch = Watch(silence_s=30, deadline=time.monotonic() + 0.5, phase="single_stream", limit_s=0.5)
    with pytest.raises(PhaseTimeout, match=r"phase single_stream took longer than 0\.5 s.*fewer images.*min_seconds"):
        ask(host, Stream((0,) * 100_000, QUERY), watch)
    stop_all([host])
    assert host.alive
    assert isinstance(ask(host, Stream((0,), QUERY), Watch(30, deadline=time.monotonic() + 30)), Streamed)


def test_a_phase_that_is_late_may_pass_by_itself_no_more_than_others() -> None:
    assert not PhaseTimeout.transient
    with pytest.raises(PhaseTimeout, match="longer than its time limit"):
        Watch(30, deadline=time.monotonic() - 1).check()
    with pytest.raises(Cancelled):  # who cancels is told so
        Watch(30, should_stop=lambda: True, deadline=time.monotonic() - 1).check()


def test_what_a_host_prints_is_bounded_and_its_end_is_kept(
    host: Host, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"fault": "flood", "work_ms": 10}), WATCH)
    sizes: list[int] = []
    ask(host, Stream((0,) * 300, QUERY), Watch(60, on_beat=lambda watched, _: sizes.append(watched._log.size)))
    assert len(sizes) >= 3
    assert max(sizes) < 300 * 2**20  # of 645 MiB
    assert host._log.tail().endswith("progress done")
    ask(host, open_scenes(scenes), WATCH)
    assert host._log.size < 2**20
    assert host._log.tail().endswith("progress done")


def test_the_last_words_come_after_a_flood(host: Host, scenes: list[LabelledImage], tmp_path: Path) -> None:
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"fault_at_load": "flood", "fault": "segfault"}), WATCH)
    with pytest.raises(HostDied) as caught:
        ask(host, Stream((0,), QUERY), WATCH)
    assert "Fatal Python error" in caught.value.__notes__[0]


def counted(tally: Path) -> int:
    return tally.stat().st_size if tally.exists() else 0


def test_a_cancelled_host_ends_the_batch_at_hand_and_begins_no_other(
    host: Host, scenes: list[LabelledImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "_STOP_GRACE", 30.0)  # by its own will, however slow this machine is
    tally = tmp_path / "tally"
    ask(host, open_scenes(scenes), WATCH)
    ask(host, load_fake(tmp_path, {"work_ms": 300, "tally": str(tally)}), WATCH)
    with pytest.raises(Cancelled):
        ask(host, Stream((0,) * 1000, QUERY), Watch(60, should_stop=lambda: counted(tally) >= 3))
    told_at = counted(tally)
    stop_all([host])
    assert host.alive
    assert counted(tally) <= told_at + 2  # one that ran, one that began before Stop arrived
    assert isinstance(ask(host, Stream((0,), QUERY), WATCH), Streamed)


def test_opening_many_large_images_is_cancelled_at_the_next_image(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "_STOP_GRACE", 30.0)
    path = tmp_path / "large.jpg"
    assert cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (4000, 6000, 3), np.uint8))
    ask(host, Open(()), WATCH)
    pictures = []
    for number in range(300):  # links, with a byte more each, lest they be known
        copy = tmp_path / f"{number}.jpg"
        copy.symlink_to(path)
        pictures.append(Picture(copy, copy.name))
    beats: list[Any] = []
    with pytest.raises(Cancelled):
        ask(
            host,
            Open(tuple(pictures)),
            Watch(60, should_stop=lambda: bool(beats), on_beat=lambda _, beat: beats.append(beat)),
        )
    stop_all([host])
    assert host.alive
    assert beats[-1].done < 300
    ask(host, Open(tuple(pictures[:1])), WATCH)


def test_a_host_cancelled_while_it_loads_is_ended(host: Host, tmp_path: Path) -> None:
    ask(host, Open(()), WATCH)
    with pytest.raises(Cancelled):
        ask(host, load_fake(tmp_path, {"fault_at_load": "hang"}), Watch(60, should_stop=lambda: True))
    stop_all([host])
    assert gone(host.pid)


def test_one_of_two_that_outgrows_its_limit_leaves_the_other(
    host: Host, scenes: list[LabelledImage], tmp_path: Path
) -> None:
    other = Host("other")
    (tmp_path / "other").mkdir()
    try:
        ask_all([(each, open_scenes(scenes)) for each in (host, other)], WATCH)
        ask(host, load_fake(tmp_path, {"fault": "grow"}), WATCH)
        ask(other, load_fake(tmp_path / "other", {"work_ms": 20}), WATCH)
        limit_mb = max(host.resident_mb, other.resident_mb) + 300
        watch = Watch(60, memory_limit_mb=limit_mb)
        with pytest.raises(OutOfMemory, match="test_model"):
            ask_all([(other, Stream((0,) * 10_000, QUERY)), (host, Stream((0,), QUERY))], watch)
        stop_all([host, other])
        ask(other, MeasureMemory(), WATCH)
        assert psutil.pid_exists(other.pid)
    finally:
        other.close()
