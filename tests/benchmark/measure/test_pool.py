import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from benchmark import ModelFailed
from benchmark.measure import host
from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.machine_memory import machine_memory_mb
from benchmark.measure.messages import Load, Open, Opened, Picture
from benchmark.measure.pool import HostPool
from benchmark.model import Image, Model


def test_a_warm_host_is_taken_again_and_the_least_recently_used_goes_first() -> None:
    pool = HostPool(max_hosts=2)
    try:
        first = pool.take([("a", "a"), ("b", "b")])
        pool.give_back(first)
        second = pool.take([("b", "b"), ("c", "c")])
        assert second[0] is first[1]
        assert not first[0].alive
        pool.give_back(second)
    finally:
        pool.close()
    assert not any(host.alive for host in second)


def test_the_same_key_twice_gives_two_hosts_and_both_stay_warm() -> None:
    pool = HostPool(max_hosts=2)
    try:
        first = pool.take([("a", "a"), ("a", "a")])
        assert first[0].pid != first[1].pid
        pool.give_back(first)
        second = pool.take([("a", "a"), ("a", "a")])
        assert {host.pid for host in second} == {host.pid for host in first}
        pool.give_back(second)
    finally:
        pool.close()


def test_a_dead_host_is_replaced() -> None:
    pool = HostPool(max_hosts=2)
    try:
        hosts = pool.take([("a", "a"), ("b", "b")])
        pool.give_back(hosts)
        hosts[0].kill()
        again = pool.take([("a", "a"), ("b", "b")])
        assert again[0].alive
        assert again[0] is not hosts[0]
        assert again[1] is hosts[1]
        pool.give_back(again)
    finally:
        pool.close()


def test_a_host_outlives_the_thread_that_asked_for_it() -> None:
    pool = HostPool(max_hosts=2)
    taken = []
    try:
        thread = threading.Thread(target=lambda: taken.extend(pool.take([("a", "a"), ("b", "b")])))
        thread.start()
        thread.join()
        pool.give_back(taken)
        assert pool.take([("a", "a"), ("b", "b")]) == taken
        pool.give_back(taken)
    finally:
        pool.close()


def test_where_a_host_cannot_be_started_the_others_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = HostPool(max_hosts=2)
    try:
        first = pool.take([("a", "a"), ("b", "b")])
        pool.give_back(first)

        def refuse(*_: object) -> None:
            raise OSError("no more processes")

        with monkeypatch.context() as patch:
            patch.setattr(HostPool, "_start", refuse)
            with pytest.raises(OSError, match="no more"):
                pool.take([("b", "b"), ("c", "c")])
        again = pool.take([("b", "b"), ("c", "c")])
        assert again[0] is first[1]
        pool.give_back(again)
    finally:
        pool.close()


def load_for_ever(device: str) -> Model:
    time.sleep(3600)
    raise AssertionError(device)


def test_hosts_that_are_deaf_while_they_load_are_ended_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host._STOP_GRACE <= 1
    monkeypatch.setattr(host, "_STOP_GRACE", 3.0)
    pool = HostPool(max_hosts=2)
    try:
        hosts = pool.take([("a", "a"), ("b", "b")])
        for each in hosts:
            each.send(Load(load_for_ever, "cpu", None))
        start = time.monotonic()
        pool.give_back(hosts)
        assert time.monotonic() - start < 5.5  # one after the other would take 6 s at least
        assert not any(each.alive for each in hosts)
    finally:
        pool.close()


def test_the_memory_of_the_images_is_given_back_with_the_host(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8)
    path = tmp_path / "noise.bmp"
    assert cv2.imwrite(str(path), noise)
    pool = HostPool(max_hosts=2)
    try:
        (host,) = pool.take([("a", "a")])
        assert isinstance(ask(host, Open((Picture(path, path.name),) * 40), Watch(silence_s=30)), Opened)
        before = psutil.Process(host.pid).memory_info().rss
        pool.give_back([host])
        assert before - psutil.Process(host.pid).memory_info().rss > 0.9 * 40 * noise.nbytes
    finally:
        pool.close()


def test_a_host_that_is_only_starting_is_not_held_up() -> None:
    pool = HostPool(max_hosts=2)
    try:
        hosts = pool.take([("a", "a")])
        pool.give_back(hosts)
        assert not hosts[0].awake
        assert hosts[0].alive
    finally:
        pool.close()


def hoard(megabytes: int, device: str) -> Model:
    HELD.append(np.ones(megabytes * 2**20, np.uint8))
    raise RuntimeError(device)


#: Lives as long as the Host.
HELD: list[Image] = []


def filled(pool: HostPool, *names: str, megabytes: int) -> list[Host]:
    """Hosts that have taken so much memory."""
    hosts = pool.take([(name, name) for name in names])
    for each in hosts:
        with pytest.raises(ModelFailed):
            ask(each, Load(partial(hoard, megabytes), "cpu", None), Watch(silence_s=60))
    return hosts


def test_idle_hosts_go_when_together_they_take_too_much_memory() -> None:
    pool = HostPool(max_hosts=10, memory_limit_mb=1500)
    try:
        first = filled(pool, "a", "b", megabytes=400)
        pool.give_back(first)
        assert all(each.alive for each in first)
        second = filled(pool, "b", "c", megabytes=400)  # b has 800 now
        assert second[0] is first[1]
        pool.give_back(second)
        assert [each.alive for each in (*first, second[1])] == [False, True, True]
    finally:
        pool.close()


def test_hosts_at_work_count_but_only_idle_ones_go() -> None:
    pool = HostPool(max_hosts=10, memory_limit_mb=700)
    try:
        first = filled(pool, "a", "b", megabytes=250)
        with pytest.raises(ModelFailed):
            ask(first[1], Load(partial(hoard, 600), "cpu", None), Watch(silence_s=60))
        pool.give_back(first[:1])
        assert first[0].alive
        pool.give_back(first[1:])
        assert not any(each.alive for each in first)  # the second takes too much even alone
    finally:
        pool.close()


def test_idle_hosts_make_room_for_a_warm_one_that_is_taken() -> None:
    pool = HostPool(max_hosts=10, memory_limit_mb=10_000)
    try:
        hosts = filled(pool, "a", "b", "c", megabytes=200)
        pool.give_back(hosts)
        pool._memory_limit_mb = sum(each.resident_mb for each in hosts[1:]) + 100
        again = pool.take([("c", "c")])
        assert again == hosts[2:]
        assert [each.alive for each in hosts] == [False, True, True]
        pool.give_back(again)
    finally:
        pool.close()


def test_a_pool_takes_at_most_half_of_the_machine_unless_told_otherwise() -> None:
    pool = HostPool(max_hosts=2)
    assert pool._memory_limit_mb == machine_memory_mb() / 2
    pool.close()


def test_idle_hosts_can_be_ended_and_the_pool_goes_on() -> None:
    pool = HostPool(max_hosts=4)
    try:
        first = pool.take([("a", "a"), ("b", "b")])
        pool.give_back(first[:1])
        pool.end_idle()
        assert [each.alive for each in first] == [False, True]
        pool.give_back(first[1:])
        assert pool.take([("b", "b")]) == first[1:]
        pool.give_back(first[1:])
    finally:
        pool.close()


def test_a_host_that_died_or_stands_still_while_idle_is_replaced() -> None:
    pool = HostPool(max_hosts=4)
    try:
        hosts = pool.take([("a", "a"), ("b", "b")])
        for each in hosts:
            ask(each, Open(()), Watch(silence_s=30))
        os.kill(hosts[1].pid, signal.SIGSTOP)
        pool.give_back(hosts)  # does not answer, so it is ended
        os.kill(hosts[0].pid, signal.SIGKILL)
        hosts[0]._process.wait()
        again = pool.take([("a", "a"), ("b", "b")])
        assert not set(again) & set(hosts)
        for each in again:
            ask(each, Open(()), Watch(silence_s=30))
        pool.give_back(again)
    finally:
        pool.close()
