import threading
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from benchmark.measure import host
from benchmark.measure.host import Watch, ask
from benchmark.measure.messages import Load, Open, Opened, Picture
from benchmark.measure.pool import HostPool
from benchmark.model import Model


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
