"""A function run in a process of its own, so that what it takes in memory is not this one's."""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.die_with import die_with
from benchmark.errors import BenchmarkError, ExportFailed

_BOOT = "import sys; sys.path[:] = {path!r}; from benchmark.models.child import main; main({parent}, {task!r})"
_ANSWER, _LOG = "answer.json", "log.txt"
#: Characters of its log that are kept.
_LOG_TAIL = 4000
_FULL_DISK = "No space left on device"


def run_child(
    function: str, arguments: Mapping[str, Any], environment: Mapping[str, str], timeout_s: float
) -> dict[str, Any]:
    """What `function` ("package.module:name") returns for the arguments, all of it JSON-able.

    It runs in an empty folder of its own, which is also its home, with `environment` set before anything is imported;
    it belongs to this process's group and dies with this thread.
    Raises the error of ours that it raised, or ExportFailed, which carries the end of its log as a note.
    """
    with tempfile.TemporaryDirectory(prefix="arena-child-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        task = json.dumps({"function": function, "arguments": arguments, "environment": environment})
        code = _run(
            _BOOT.format(path=[*map(os.path.abspath, sys.path)], parent=os.getpid(), task=task), folder, timeout_s
        )
        log = (folder / _LOG).read_text("utf-8", "replace")[-_LOG_TAIL:]
        if code is None:
            reason = f"It took longer than {timeout_s:g} s and was ended. Allow it more: ARENA_EXPORT_TIMEOUT_SECONDS."
            raise _noted(reason, log)
        if not (folder / _ANSWER).exists():
            raise _noted(_reason(code, log), log)
        answer = json.loads((folder / _ANSWER).read_text())
    if "error" in answer:
        raise _by_code(answer["error"])(answer["message"])
    result: dict[str, Any] = answer["result"]
    return result


def _run(boot: str, folder: Path, timeout_s: float) -> int | None:
    """Its exit code, or None where it was ended for its time."""
    with (folder / _LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", boot], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            process.kill()
            process.wait()


def _reason(code: int, log: str) -> str:
    if _FULL_DISK in log:
        return "The disk is full. Make room, or keep the exports on another one (ARENA_CACHE_DIR)."
    if code < 0:
        return f"It was killed by signal {-code}, perhaps because the machine ran out of memory."
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return f"The reason given: {lines[-1][:300]}" if lines else f"It ended with exit code {code}."


def _noted(message: str, log: str) -> ExportFailed:
    """The log may hold paths: it is for whoever runs the machine."""
    error = ExportFailed(message)
    error.add_note(f"Its last words: {log}")
    return error


def _by_code(code: str) -> type[BenchmarkError]:
    return next((each for each in _kinds(BenchmarkError) if each.code == code), ExportFailed)


def _kinds(root: type[BenchmarkError]) -> Iterator[type[BenchmarkError]]:
    yield root
    for each in root.__subclasses__():
        yield from _kinds(each)


def main(parent: int, task: str) -> None:
    """The child's side."""
    die_with(parent)
    work = json.loads(task)
    here = os.getcwd()
    os.environ.update({"HOME": here, "TMPDIR": here, "XDG_CONFIG_HOME": here, **work["environment"]})
    module, _, name = work["function"].partition(":")
    try:
        answer = {"result": getattr(importlib.import_module(module), name)(**work["arguments"])}
    except BenchmarkError as error:
        answer = {"error": error.code, "message": str(error)}
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    Path(_ANSWER + ".new").write_text(json.dumps(answer))
    os.replace(_ANSWER + ".new", _ANSWER)
    os._exit(0)  # no time for taking torch apart
