"""Images that lie on the agent's own disk."""

from pathlib import Path

import pytest

from agent.errors import ImageRefused
from tests.agent.images.fetch import Fetch


def test_a_relative_path_is_read_under_the_root(fetch: Fetch, root: Path) -> None:
    assert fetch(["scenes/1.jpg"], ARENA_IMAGE_ROOT=root) == [root / "scenes" / "1.jpg"]


@pytest.mark.parametrize("path", ["../secret.txt", "scenes/../../secret.txt", "out", "/etc/passwd"])
def test_nothing_outside_the_root_is_read(fetch: Fetch, root: Path, path: str) -> None:
    with pytest.raises(ImageRefused, match="It lies outside the agent's ARENA_IMAGE_ROOT"):
        fetch([path], ARENA_IMAGE_ROOT=root)


@pytest.mark.parametrize("path", ["none.jpg", "scenes", "."])
def test_what_is_no_file_under_the_root_is_refused(fetch: Fetch, root: Path, path: str) -> None:
    with pytest.raises(ImageRefused, match="not among the agent's local images"):
        fetch([path], ARENA_IMAGE_ROOT=root)


@pytest.mark.parametrize("path", ["x" * 300, "loop", "a\0b"])
def test_a_path_that_the_system_refuses_is_refused(fetch: Fetch, root: Path, path: str) -> None:
    with pytest.raises(ImageRefused, match="It is not a path that can be read"):
        fetch([path], ARENA_IMAGE_ROOT=root)


def test_without_a_root_no_local_file_is_read(fetch: Fetch, root: Path) -> None:
    with pytest.raises(ImageRefused, match=r"reads no local files.*ARENA_IMAGE_ROOT"):
        fetch([str(root / "scenes" / "1.jpg")])
