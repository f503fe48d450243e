"""What child processes are given to do. Imports nothing large."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmark.errors import WeightsUnreadable


def describe(name: str) -> dict[str, Any]:
    """Of the process it runs in."""
    kept = {key: os.environ[key] for key in ("HOME", "TMPDIR", "FLAVOUR")}
    return {"name": name, "pid": os.getpid(), "group": os.getpgid(0), "folder": os.getcwd(), **kept}


def refuse() -> None:
    raise WeightsUnreadable("mine.pt holds no weights.")


def fail() -> None:
    sys.stdout.write("on the way\n")
    sys.stdout.flush()
    raise ValueError("the converter knows no layer Fold")


def fill_the_disk() -> None:
    raise OSError(28, "No space left on device")


def abort() -> None:
    os.abort()


def sleep(journal: str) -> None:
    """Tell its process id, then take for ever."""
    Path(journal).write_text(str(os.getpid()))
    time.sleep(600)


def be_killed() -> None:
    subprocess.run([sys.executable, "-c", f"import os, signal; os.kill({os.getpid()}, signal.SIGKILL)"])
    time.sleep(60)
