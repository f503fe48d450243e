import json
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest

from benchmark import describe_machine
from benchmark.measure.environment import container_limits, git_revision


def test_the_library_that_decodes_is_named_whichever_package_brought_it() -> None:
    assert describe_machine()["libraries"]["opencv"].startswith(cv2.__version__)


def test_it_is_json_and_names_the_processor() -> None:
    machine = json.loads(json.dumps(describe_machine()))
    assert machine["cpu"]["model"]
    assert machine["cpu"]["logical_cores"] >= 1
    assert machine["ram_mb"] > 0


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(f"{text}\n")


def test_a_machine_without_a_container_has_no_limits(tmp_path: Path) -> None:
    assert container_limits(tmp_path) == {"cores": None, "memory_mb": None}


def test_limits_of_control_groups_of_the_second_version(tmp_path: Path) -> None:
    write(tmp_path, "cpu.max", "150000 100000")
    write(tmp_path, "memory.max", str(8 * 2**30))
    assert container_limits(tmp_path) == {"cores": 1.5, "memory_mb": 8192}
    write(tmp_path, "cpu.max", "max 100000")
    write(tmp_path, "memory.max", "max")
    assert container_limits(tmp_path) == {"cores": None, "memory_mb": None}


def test_limits_of_control_groups_of_the_first_version(tmp_path: Path) -> None:
    write(tmp_path, "cpu/cpu.cfs_quota_us", "200000")
    write(tmp_path, "cpu/cpu.cfs_period_us", "100000")
    write(tmp_path, "memory/memory.limit_in_bytes", str(4 * 2**30))
    assert container_limits(tmp_path) == {"cores": 2.0, "memory_mb": 4096}
    write(tmp_path, "cpu/cpu.cfs_quota_us", "-1")
    write(tmp_path, "memory/memory.limit_in_bytes", "9223372036854771712")
    assert container_limits(tmp_path) == {"cores": None, "memory_mb": None}


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_revision_is_the_commit_and_says_where_files_differ(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert git_revision(tmp_path) is None  # no commit yet
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "tag", "v1")
    git_revision.cache_clear()
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert git_revision(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    git_revision.cache_clear()
    assert git_revision(tmp_path) == f"{commit}-dirty"
    (tmp_path / "below").mkdir()
    assert git_revision(tmp_path / "below") is None


@pytest.mark.parametrize(
    ("said", "revision"),
    [("0a5264653f", "0a5264653f"), ("0a5264653f-dirty", "0a5264653f-dirty"), ("unknown", None), ("", None)],
)
def test_an_image_says_which_commit_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, revision: str | None
) -> None:
    monkeypatch.setenv("VISION_ARENA_REVISION", said)
    assert git_revision(tmp_path) == revision


def test_without_git_the_revision_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_revision(tmp_path) is None


def test_limits_and_revision_are_in_the_description() -> None:
    machine = describe_machine()
    assert set(machine["container"]) == {"cores", "memory_mb"}
    assert machine["git_revision"] == git_revision()
