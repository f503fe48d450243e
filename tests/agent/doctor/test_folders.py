"""Folders that are missing, full, somebody else's or no folders."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from agent.doctor.folders import look_at_cache, look_at_image_root, look_at_temporary, look_at_weights_folder
from tests.agent.doctor.conftest import NOBODY, MakePlace, as_nobody


def test_a_cache_that_will_be_made_is_fine(place: MakePlace, tmp_path: Path) -> None:
    found = look_at_cache(place(ARENA_CACHE_DIR=str(tmp_path / "new" / "cache")))
    assert found.state == "ok"
    assert not (tmp_path / "new").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_belongs_to_somebody_else(place: MakePlace, open_folder: Path) -> None:
    here = place(ARENA_CACHE_DIR=str(open_folder / "cache"))
    with as_nobody():
        found = look_at_cache(here)
    assert found.state == "problem"
    assert f"{open_folder} cannot be used: permission denied. It belongs to root (0), group " in found.found
    assert "(drwxr-xr-x)" in found.found
    command = f"`install --directory --owner {NOBODY} --group {os.getegid()} {open_folder / 'cache'}`"
    assert command in str(found.mend)
    assert "chown" not in str(found.mend)
    assert f"({NOBODY}) can write" in str(found.expected)


def test_no_hint_gives_away_what_is_above_the_cache(place: MakePlace, open_folder: Path) -> None:
    own = open_folder / "my cache"
    own.mkdir()
    places = [place(ARENA_CACHE_DIR=str(folder)) for folder in ("/no such folder/cache", own, "/opt")]
    with as_nobody():
        absent, there, system = map(look_at_cache, places)
    assert "'/no such folder/cache'`. Or set" in str(absent.mend)
    assert f"`chown -R {NOBODY}:{os.getegid()} '{own}'`" in str(there.mend)
    assert "chown" not in f"{absent.mend} {system.mend}"


def test_the_image_root(place: MakePlace, open_folder: Path) -> None:
    assert look_at_image_root(place()).state == "skipped"
    assert look_at_image_root(place(ARENA_IMAGE_ROOT=str(open_folder / "none"))).state == "problem"
    here = place(ARENA_IMAGE_ROOT=str(open_folder))
    assert look_at_image_root(here).found == f"{open_folder}, 0 files"
    open_folder.chmod(0o700)
    with as_nobody():
        found = look_at_image_root(here)
    assert (found.state, found.mend) == ("problem", f"As root: `chmod -R a+rX {open_folder}`.")


def test_a_file_in_the_place_of_the_cache(place: MakePlace, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    found = look_at_cache(place(ARENA_CACHE_DIR=str(tmp_path / "cache" / "below")))
    assert (found.state, found.found) == ("problem", f"{tmp_path / 'cache'} is a file, not a folder.")


@pytest.mark.parametrize(
    ("number", "said", "mend"),
    [(errno.ENOSPC, "is full", "Make room"), (errno.EROFS, "for reading alone", "Mount it for writing")],
)
def test_disks_that_take_nothing(
    place: MakePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str, mend: str
) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    found = look_at_cache(place(ARENA_CACHE_DIR=str(tmp_path)))
    assert said in found.found
    assert mend in str(found.mend)


def test_little_room_is_said_before_it_is_none(place: MakePlace, tmp_path: Path) -> None:
    found = look_at_cache(place(ARENA_CACHE_DIR=str(tmp_path), ARENA_IMAGE_CACHE_MB="1e9"))
    assert found.state == "warning"
    assert found.expected == "1000002.0 GB"


def test_the_weights_folder_is_only_read(place: MakePlace, tmp_path: Path, open_folder: Path) -> None:
    assert look_at_weights_folder(place()).state == "skipped"
    missing = look_at_weights_folder(place(ARENA_WEIGHTS_DIR=str(tmp_path / "none")))
    assert missing.state == "warning"
    assert f"mkdir -p {tmp_path / 'none'}" in str(missing.mend)
    (open_folder / "a.pt").write_text("")
    here = place(ARENA_WEIGHTS_DIR=str(open_folder))
    assert look_at_weights_folder(here).found == f"{open_folder}, 1 file"
    open_folder.chmod(0o700)
    with as_nobody():
        assert look_at_weights_folder(here).state == "problem"


def test_a_temporary_folder_that_is_none(place: MakePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_temporary(place()).state == "ok"
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    found = look_at_temporary(place())
    assert found.state == "problem"
    assert "Or set TMPDIR to another folder." in str(found.mend)
