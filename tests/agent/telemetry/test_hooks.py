"""What Realtime and the images' source tell, as they really do it."""

from pathlib import Path

import pytest

from agent.credentials import Credentials
from agent.images import ImageSource, source
from agent.job import JobImage
from agent.telemetry import Telemetry
from agent.wakeup import RealtimeWakeup
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.queue import until
from tests.agent.telemetry.scrape import scrape
from tests.agent.web import Request, Web


def test_images_are_counted_by_the_way_they_came(
    telemetry: Telemetry, bare_settings: MakeSettings, web: Web, tmp_path: Path
) -> None:
    def send(request: Request) -> None:
        is_known = request.headers.get("If-None-Match") == '"1"'
        request.send(304 if is_known else 200, b"" if is_known else b"12345", {"ETag": '"1"'})

    (tmp_path / "here.jpg").write_bytes(b"123")
    web.answers = {"/there.jpg": send}
    settings = bare_settings(
        ARENA_IMAGE_HOSTS="127.0.0.1", ARENA_CACHE_DIR=tmp_path / "cache", ARENA_IMAGE_ROOT=tmp_path
    )
    images = ImageSource(settings, watch=telemetry.images("cpu"))
    paths = [web.url("/there.jpg"), "here.jpg", web.url("/none.jpg"), "ftp://nobody/x.jpg"]
    for number in range(2):
        (folder := tmp_path / str(number)).mkdir()
        images.fetch([JobImage(path, 0) for path in paths], folder)
    series = scrape(telemetry.port)
    assert {
        way: (
            series[f'arena_images_total{{device="cpu",way="{way}"}}'],
            series[f'arena_image_bytes_total{{device="cpu",way="{way}"}}'],
            series[f'arena_image_seconds_count{{device="cpu",way="{way}"}}'],
        )
        for way in ("web", "cache", "local")
    } == {"web": (1, 5, 1), "cache": (1, 5, 1), "local": (2, 6, 2)}
    assert series['arena_image_failures_total{code="image_refused",device="cpu"}'] == 4


def test_a_file_that_goes_while_it_is_counted_costs_no_job(
    telemetry: Telemetry, bare_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.jpg").write_bytes(b"123")
    monkeypatch.setattr(source, "local_file", lambda root, path: tmp_path / "gone.jpg")
    settings = bare_settings(ARENA_CACHE_DIR=tmp_path / "cache", ARENA_IMAGE_ROOT=tmp_path)
    found = ImageSource(settings, watch=telemetry.images("cpu")).fetch([JobImage("here.jpg", 0)], tmp_path)
    assert found == [tmp_path / "gone.jpg"], "whoever reads it says of it alone that it is not there"
    series = scrape(telemetry.port)
    assert [series[f'arena_image{what}_total{{device="cpu",way="local"}}'] for what in ("s", "_bytes")] == [1, 0]


def test_realtime_is_up_as_long_as_it_delivers(telemetry: Telemetry, stack: LocalStack) -> None:
    def value(name: str) -> float:
        return scrape(telemetry.port)[f'arena_realtime_{name}{{device="cpu"}}']

    hook = telemetry.realtime("cpu")
    assert (value("up"), value("connects_total")) == (0, 0)
    with RealtimeWakeup(stack.url, Credentials(stack.secret_key), watch=hook):
        until(lambda: value("up") == 1)
    hook.down()
    hook.down()  # the attempt to come back failed: that is no second loss
    assert (value("up"), value("drops_total"), value("connects_total")) == (0, 1, 1)
    hook.up()
    hook.up()  # a session was replaced in time: that is no loss
    assert (value("up"), value("drops_total"), value("connects_total")) == (1, 1, 3)
