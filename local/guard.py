"""Runs a command for as long as its own stdin is open, then stops it and removes folders.

    python guard.py [--user NAME] [--remove DIR]... [--patience SECONDS] -- COMMAND...

Postgres would outlive a parent that was killed. This small process stands between the two: the
parent holds the other end of stdin, and the kernel closes that end however the parent dies.

It uses the standard library alone and is run by its path, so that it starts at once.
"""

import argparse
import os
import selectors
import shutil
import signal
import subprocess
import sys

#: Postgres: SIGINT is the fast shutdown, SIGQUIT the immediate one.
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
PATIENCE_S = 8.0


def main() -> int:
    """Gives the exit status of the command."""
    arguments = _parse()
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, lambda *_: None)
    wake = _wake_on_child_exit()
    try:
        child = subprocess.Popen(arguments.command, stdin=subprocess.DEVNULL, user=arguments.user)
        _wait_for_end_of_stdin(wake, child)
        return _stop(child, arguments.patience)
    finally:
        for folder in arguments.remove:
            shutil.rmtree(folder, ignore_errors=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--remove", action="append", default=[])
    parser.add_argument("--patience", type=float, default=PATIENCE_S)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _wake_on_child_exit() -> int:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def _wait_for_end_of_stdin(wake: int, child: "subprocess.Popen[bytes]") -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while child.poll() is None:
            for key, _ in selector.select():
                if not os.read(key.fd, 4096):
                    return


def _stop(child: "subprocess.Popen[bytes]", patience_s: float) -> int:
    for stop in STOP_SIGNALS:
        if child.poll() is None:
            child.send_signal(stop)
            try:
                child.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
