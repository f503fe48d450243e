"""The proxy does to connections what its faults say."""

import gc
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.agent.web import Web
from tests.fault_proxy import BlackHole, Cut, FaultProxy, Latency

BODY = b"0123456789" * 100


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as web:
        web.answers = {"/a": lambda request: request.send(200, BODY), "/b": lambda request: request.send(200, BODY)}
        yield web


@pytest.fixture
def proxy(web: Web) -> Iterator[FaultProxy]:
    with FaultProxy(web.url()) as proxy:
        yield proxy


def get(proxy: FaultProxy, path: str = "/a", seconds: float = 10.0) -> bytes:
    return httpx.get(proxy.url + path, timeout=seconds, trust_env=False).content


def test_without_a_fault_everything_gets_through(proxy: FaultProxy) -> None:
    assert get(proxy) == BODY


def test_latency_delays_each_way(proxy: FaultProxy) -> None:
    proxy.set(up=Latency(0.1, jitter=0.02), down=Latency(0.1, jitter=0.02))
    started = time.monotonic()
    assert get(proxy) == BODY
    assert time.monotonic() - started >= 0.16


def test_a_black_hole_upwards_keeps_the_request(proxy: FaultProxy, web: Web) -> None:
    proxy.set(up=BlackHole())
    with pytest.raises(httpx.ReadTimeout):
        get(proxy, seconds=0.3)
    assert not web.asked


def test_a_black_hole_downwards_keeps_the_answer(proxy: FaultProxy, web: Web) -> None:
    proxy.set(down=BlackHole())
    with pytest.raises(httpx.ReadTimeout):
        get(proxy, seconds=0.3)
    assert web.asked["/a"] == 1


def test_what_a_black_hole_has_swallowed_does_not_come_back(proxy: FaultProxy) -> None:
    with httpx.Client(base_url=proxy.url, timeout=0.5, trust_env=False) as client:
        proxy.set(up=BlackHole())
        threading.Timer(0.2, proxy.heal).start()
        with pytest.raises(httpx.ReadTimeout):
            client.get("/a")
        assert client.get("/a").content == BODY


def test_a_cut_lets_so_many_bytes_through(proxy: FaultProxy, web: Web) -> None:
    proxy.set(down=Cut(after=500))
    with (
        pytest.raises(httpx.ReadError),
        httpx.stream("GET", f"{proxy.url}/a", timeout=10, trust_env=False) as answer,
    ):
        answer.read()
    proxy.set(up=Cut(after=5))
    with pytest.raises(httpx.HTTPError):
        get(proxy)
    assert web.asked["/a"] == 1


def test_a_reply_is_dropped_once_and_after_the_request_has_arrived(proxy: FaultProxy, web: Web) -> None:
    proxy.drop_reply(to="GET /b")
    assert get(proxy, "/a") == BODY
    with pytest.raises(httpx.ReadError):
        get(proxy, "/b")
    assert (web.asked["/b"], proxy.dropped) == (1, 1)
    assert get(proxy, "/b") == BODY


def test_refusing_is_refusing_and_ends(proxy: FaultProxy) -> None:
    proxy.refuse()
    for _ in range(2):
        with pytest.raises(httpx.ConnectError, match="refused"):
            get(proxy)
    proxy.accept()
    assert get(proxy) == BODY


def test_open_connections_are_reset(proxy: FaultProxy, web: Web) -> None:
    web.answers["/slow"] = lambda request: request.wait_for(web.closing)
    threading.Timer(0.2, proxy.reset).start()
    with pytest.raises(httpx.ReadError):
        get(proxy, "/slow")
    web.closing.set()


def test_a_server_that_is_away_looks_like_one(web: Web) -> None:
    with FaultProxy("http://127.0.0.1:9") as proxy, pytest.raises(httpx.HTTPError):
        get(proxy)


def test_nothing_is_left_behind(web: Web) -> None:
    with httpx.Client(trust_env=False) as client:
        with FaultProxy(web.url()) as proxy:
            assert client.get(f"{proxy.url}/a").content == BODY
            proxy.set(up=Latency(60))
            with pytest.raises(httpx.ReadTimeout):
                client.get(f"{proxy.url}/a", timeout=0.1)
        assert "fault-proxy" not in {thread.name for thread in threading.enumerate()}
    gc.collect()
