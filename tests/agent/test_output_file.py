"""A file is there whole or not at all, and trying it leaves nothing behind."""

import errno
import os
import stat
from functools import partial
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.output_file import try_out, write_each, write_output


def test_trying_leaves_no_file_behind(tmp_path: Path) -> None:
    try_out(tmp_path / "result.json")
    assert list(tmp_path.iterdir()) == []


def test_trying_leaves_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("of yesterday")
    try_out(file)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("result.json", "of yesterday")]


@pytest.mark.parametrize("file", [Path("/proc/result.json"), Path("n" * 300), Path("nowhere/result.json")])
def test_a_place_where_nothing_can_be_written_is_found_out(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=r".+"):
        try_out(file)


def test_what_was_there_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("of yesterday")
    file.chmod(0o640)
    write_output(file, b"of today")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("result.json", "of today")]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    write_output(tmp_path / "result.json", b"")
    (tmp_path / "other").touch()
    assert (tmp_path / "result.json").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("result.json")
    for content in (b"first", b"second"):
        try_out(tmp_path / "latest")
        write_output(tmp_path / "latest", content)
        assert (tmp_path / "latest").is_symlink()
        assert (tmp_path / "result.json").read_bytes() == content


def test_what_was_there_stays_where_the_new_content_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "result.json"
    file.write_text("of yesterday")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(AgentError, match=r"result\.json could not be written: No space left on device\. Make room"):
        write_output(file, b"of today")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("result.json", "of yesterday")]


def test_a_file_that_is_a_mount_of_its_own_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "result.json"
    file.write_text("of yesterday")

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", busy)
    write_output(file, b"of today")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("result.json", "of today")]


def test_a_device_stays_one(tmp_path: Path) -> None:
    """A named pipe here: the null device of whoever runs this must not be what goes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        try_out(pipe)
        write_output(pipe, b"a result")
        assert os.read(reader, 100) == b"a result"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_pipe_that_has_a_number_only_can_be_written() -> None:
    """As /dev/stdout is where the shell pipes it on: no folder is there to put a file beside it."""
    reading, writing = os.pipe()
    try:
        file = Path(f"/proc/self/fd/{writing}")
        try_out(file)
        write_output(file, b"a result")
        assert os.read(reading, 100) == b"a result"
    finally:
        os.close(reading)
        os.close(writing)


def test_every_output_is_tried_and_every_failure_told(tmp_path: Path) -> None:
    nowhere, nowhere_else = tmp_path / "a" / "x.json", tmp_path / "b" / "x.html"
    with pytest.raises(AgentError, match=str(nowhere)) as caught:
        write_each(
            partial(write_output, nowhere, b""),
            partial(write_output, nowhere_else, b""),
            partial(write_output, tmp_path / "third", b"there"),
        )
    assert [str(nowhere_else) in note for note in caught.value.__notes__] == [True]
    assert (tmp_path / "third").read_bytes() == b"there"
