"""The Node process that serves REST, auth, Storage, Realtime and static files on one port."""

import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO, Any

import httpx

from local.errors import PortTaken, StartupFailed
from local.keys import Keys
from local.log import tail
from local.node import SERVER_DIR, install, node_path
from local.page import Page

HOST = "127.0.0.1"
STARTUP_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
RELOAD_LIMIT_S = 30.0
_QUIET = {"LITE_TELEMETRY": "0", "DO_NOT_TRACK": "1"}


class Gateway:
    """`local/server`, started in two steps so that Node loads while Postgres starts."""

    def __init__(self, keys: Keys, log_file: Path) -> None:
        self._keys = keys
        self._log_file = log_file
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[str] | None = None
        self.port: int | None = None

    def spawn(self) -> None:
        """Starts Node, which then waits for `serve`. Installs its packages where needed.

        Raises:
            InstallFailed: Node or its packages are not there and cannot be installed.
        """
        install()
        self._log = self._log_file.open("a+b")
        # A session of its own: Ctrl-C in a terminal is for the parent to handle.
        self._process = subprocess.Popen(
            [str(node_path()), "main.mjs"],
            cwd=SERVER_DIR,
            env={**os.environ, **_QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )

    def serve(
        self, socket_dir: Path, port: int | None, static: Mapping[str, Path], storage: Path, page: Page | None
    ) -> None:
        """Serves the database behind `socket_dir` on `port`, or on a free one.

        Raises:
            PortTaken: another program listens on `port`.
            StartupFailed: the message holds the end of the log.
        """
        assert self._process is not None
        assert self._log is not None
        _write_line(self._process, self._config(socket_dir, port, static, storage, page))
        outcome = _read_line(self._process)
        if outcome.get("error") == "EADDRINUSE":
            raise PortTaken(f"Port {port} is in use by another program: choose another one, or none to get a free one.")
        if "port" not in outcome:
            raise StartupFailed(f"The server did not start. The end of its log:\n{tail(self._log)}")
        self.port = outcome["port"]

    def reload_schema(self) -> None:
        """Returns once REST knows the tables and functions that are there now.

        Raises:
            StartupFailed: the server is not running.
        """
        url = f"http://{HOST}:{self.port}/admin/reload"
        try:
            headers = {"apikey": self._keys.secret}
            # No proxy stands before this machine's own port, whatever the environment says.
            response = httpx.post(url, headers=headers, timeout=RELOAD_LIMIT_S, trust_env=False)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise StartupFailed(f"The server does not answer: {error}") from error

    def stop(self) -> None:
        """Ends the process; does nothing when it is not running."""
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # What it never read is still in the pipe's buffer if it died at the start.
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None
        self.port = None

    def _config(
        self, socket_dir: Path, port: int | None, static: Mapping[str, Path], storage: Path, page: Page | None
    ) -> dict[str, Any]:
        return {
            "database": {"host": str(socket_dir), "user": "postgres", "database": "postgres"},
            "host": HOST,
            "port": port or 0,
            "keys": {
                "publishable": self._keys.publishable,
                "secret": self._keys.secret,
                "jwt_secret": self._keys.jwt_secret,
            },
            "static": {prefix: str(folder.resolve()) for prefix, folder in static.items()},
            "storage": str(storage),
            "page": page and {"folder": str(page.folder), "config": page.config(self._keys.publishable)},
        }


def _write_line(process: "subprocess.Popen[str]", config: dict[str, Any]) -> None:
    assert process.stdin is not None
    # A process that has ended says why in its log, which is read where its outcome is missing.
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()


def _read_line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The outcome that Node prints; empty when it ends, or is ended for being late, without one."""
    assert process.stdout is not None
    limit = Timer(STARTUP_LIMIT_S, process.kill)
    limit.start()
    try:
        line = process.stdout.readline()
    finally:
        limit.cancel()
    outcome: dict[str, Any] = json.loads(line) if line else {}
    return outcome
