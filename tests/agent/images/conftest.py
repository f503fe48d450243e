"""Fetching with an agent that may read from this machine, unless its settings say otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ImageError
from agent.images import ImageSource
from agent.images.pinned import resolve
from agent.job import JobImage
from tests.agent.conftest import MakeSettings
from tests.agent.images.fetch import Fetch, FetchAll


@pytest.fixture
def fetch_all(bare_settings: MakeSettings, tmp_path: Path) -> FetchAll:
    def fetch_all(
        paths: list[str], should_stop: Callable[[], bool] = lambda: False, *, resolve: Any = resolve, **settings: Any
    ) -> list[Path | ImageError]:
        folder = tmp_path / "downloads"
        folder.mkdir(exist_ok=True)
        defaults = {"ARENA_IMAGE_HOSTS": "127.0.0.1", "ARENA_CACHE_DIR": tmp_path / "cache"}
        source = ImageSource(bare_settings(**{**defaults, **settings}), resolve)
        return source.fetch([JobImage(path, 0) for path in paths], folder, should_stop)

    return fetch_all


@pytest.fixture
def fetch(fetch_all: FetchAll) -> Fetch:
    def fetch(paths: list[str], should_stop: Callable[[], bool] = lambda: False, **settings: Any) -> list[Path]:
        files = []
        for each in fetch_all(paths, should_stop, **settings):
            if isinstance(each, ImageError):
                raise each
            files.append(each)
        return files

    return fetch


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An image root with one image in it, and something outside."""
    root = tmp_path / "root"
    (root / "scenes").mkdir(parents=True)
    (root / "scenes" / "1.jpg").write_bytes(b"x")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "out").symlink_to(tmp_path / "secret.txt")
    (root / "loop").symlink_to(root / "loop")
    return root
