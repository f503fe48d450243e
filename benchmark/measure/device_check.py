"""Whether the device that models are to run on can be used, found out without torch in this process."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from benchmark.errors import Cancelled
from benchmark.measure.device_judgement import judge
from benchmark.measure.device_report import DeviceReport, Probed
from benchmark.measure.driver import Driver

_BOOT = (
    "import sys; sys.path[:] = {path!r}; from benchmark.measure.device_probe import main; main({parent}, {device!r})"
)
#: For the end of a process that was killed: one that waits in the driver does not go.
_GOODBYE_S = 2.0
_LOOK_S = 0.1
_PERHAPS_MEMORY = ", perhaps because the machine ran out of memory"


def look_at_device(
    device: str, timeout_s: float = 60.0, should_stop: Callable[[], bool] = lambda: False
) -> DeviceReport:
    """Whether `auto`, `cpu`, `cuda` or `cuda:N` can be used here and now.

    A process of its own asks the driver, imports torch and computes on the device; it is ended after `timeout_s`
    seconds. `cpu` asks nobody; with `auto`, torch is left alone where there is no driver. Raises Cancelled.
    """
    if device == "cpu":
        return DeviceReport(device)
    steps, ended = _probe(device, timeout_s, should_stop)
    silent = {"refusal": f"the process that asked it {ended or 'said nothing'}"}
    driver = Driver(**steps.pop("driver", silent))
    if device == "auto" and driver == Driver():
        return DeviceReport(device)
    return judge(device, driver, Probed(steps, ended))


def _probe(
    device: str, timeout_s: float, should_stop: Callable[[], bool]
) -> tuple[dict[str, dict[str, Any]], str | None]:
    """What the child said at each step, and why it said no more if it did not end by itself."""
    boot = _BOOT.format(path=[*map(os.path.abspath, sys.path)], parent=os.getpid(), device=device)
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-c", boot], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL
        )
        ended = _wait(process, timeout_s, should_stop)
        return _steps(out), ended


def _wait(process: "subprocess.Popen[bytes]", timeout_s: float, should_stop: Callable[[], bool]) -> str | None:
    """Why it ended before its time, if it did."""
    try:
        code = _exit_code(process, timeout_s, should_stop)
    except subprocess.TimeoutExpired:
        return f"took longer than {timeout_s:g} s and was ended"
    finally:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GOODBYE_S)
    if code < 0:
        return f"was killed by signal {-code}{_PERHAPS_MEMORY if -code == signal.SIGKILL else ''}"
    return f"ended with exit code {code}" if code else None


def _exit_code(process: "subprocess.Popen[bytes]", timeout_s: float, should_stop: Callable[[], bool]) -> int:
    """Raises TimeoutExpired or Cancelled."""
    deadline = time.monotonic() + timeout_s
    while not should_stop():
        try:
            return process.wait(min(_LOOK_S, max(0.0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                raise
    raise Cancelled


def _steps(out: IO[bytes]) -> dict[str, dict[str, Any]]:
    """What a library may have printed besides is passed over."""
    out.seek(0)
    found = {}
    for line in out.read().decode("utf-8", "replace").splitlines():
        with suppress(ValueError, TypeError, KeyError):
            answer = json.loads(line)
            found[answer.pop("step")] = answer
    return found
