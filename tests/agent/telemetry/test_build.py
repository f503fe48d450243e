"""Which commit this is, as Git has it."""

import subprocess
from pathlib import Path

import pytest

from agent.telemetry.build import git_revision


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def commit(tmp_path: Path) -> str:
    git(tmp_path, "init", "--quiet", "--initial-branch", "some/branch")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(tmp_path, "rev-parse", "HEAD")


@pytest.mark.parametrize("then", [[], ["pack-refs", "--all"], ["checkout", "--quiet", "--detach"]], ids=str)
def test_the_commit_that_is_checked_out_is_known(tmp_path: Path, commit: str, then: list[str]) -> None:
    if then:
        git(tmp_path, *then)
    assert git_revision(tmp_path) == commit


def test_where_there_is_no_git_there_is_no_commit(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    assert git_revision(tmp_path) is None, "nothing was committed yet"
    (tmp_path / ".git" / "HEAD").write_text("ref: ../../../etc/passwd\n")
    assert git_revision(tmp_path) is None
