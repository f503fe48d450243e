"""When the dashboard is built anew."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import InstallFailed
from local.dashboard import FOLDER, build

#: Adds a line for each build, which a build that empties `dist` would not keep.
BUILD = """
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
mkdirSync("dist", { recursive: true });
appendFileSync("builds", readFileSync("src/app.txt", "utf8"));
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that needs no packages, and notes its builds beside it."""
    folder = tmp_path / "dashboard"
    (folder / "src" / "pages").mkdir(parents=True)
    (folder / "src" / "app.txt").write_text("one ")
    (folder / "src" / "pages" / "old.txt").write_text("old")
    (folder / "build.mjs").write_text(BUILD.replace('"builds"', json.dumps(str(tmp_path / "builds"))))
    package = {"name": "page", "version": "1.0.0"}
    (folder / "package.json").write_text(json.dumps({**package, "scripts": {"build": "node build.mjs"}}))
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "node_modules").mkdir()  # npm makes none where there are no packages
    return folder


def test_it_is_built_once(folder: Path, tmp_path: Path) -> None:
    assert (build(folder), build(folder)) == (True, False)
    assert (tmp_path / "builds").read_text() == "one "


def test_a_change_an_addition_and_a_removal_each_build_it_anew(folder: Path, tmp_path: Path) -> None:
    build(folder)
    (folder / "src" / "app.txt").write_text("two ")
    assert (build(folder), build(folder)) == (True, False)
    (folder / "src" / "new.txt").touch()
    assert (build(folder), build(folder)) == (True, False)
    (folder / "src" / "pages" / "old.txt").unlink()
    assert (build(folder), build(folder)) == (True, False)
    assert (tmp_path / "builds").read_text() == "one two two two "


def test_what_is_built_in_from_the_environment_builds_it_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(folder)
    monkeypatch.setenv("VITE_SUPABASE_URL", "https://one.example")
    assert (build(folder), build(folder)) == (True, False)
    monkeypatch.setenv("VITE_SUPABASE_URL", "https://two.example")
    assert (build(folder), build(folder)) == (True, False)
    monkeypatch.setenv("OTHER", "changed")
    assert build(folder) is False


def test_a_build_that_was_removed_is_made_again(folder: Path) -> None:
    build(folder)
    shutil.rmtree(folder / "dist")
    assert build(folder) is True


def test_a_build_that_fails_says_why_and_is_tried_again(folder: Path) -> None:
    (folder / "src" / "app.txt").rename(folder / "app.txt")
    for _ in range(2):
        with pytest.raises(InstallFailed, match=r"(?s)npm run failed in .*app\.txt"):
            build(folder)
    (folder / "app.txt").rename(folder / "src" / "app.txt")
    assert build(folder) is True


def test_make_can_build_by_a_command() -> None:
    outcome = subprocess.run([sys.executable, "-m", "local.dashboard"], capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    assert "<div id=" in (FOLDER / "dist" / "index.html").read_text("utf-8")


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
