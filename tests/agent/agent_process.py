"""The agent as a process of its own, with models that need no library."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import psutil

from local import LocalStack
from tests.agent.queue import until
from tests.benchmark.fake_catalogue import FAMILY, write_fake

# Ids that the database knows; what stands behind them here finds bright rectangles, or misbehaves.
MANNERS: dict[str, dict[str, Any]] = {
    "Trained_yolov5": {},
    "Trained_yolov8": {"miss_every": 2},
    "efficientnet_b0": {"fault": "raise"},
}
MODELS = ("Trained_yolov5", "Trained_yolov8")
QUICK = {"min_seconds": 0.1, "windows": 1, "window_seconds": 0.5, "batch_size": 1}
LONG = {"min_seconds": 300}
SCENES: list[dict[str, Any]] = [
    {"image_path": "scene.png", "car_count": 2, "boxes": [[4, 5, 14, 17], [24, 5, 34, 17]]},
    {"image_path": "empty.png", "car_count": 0},
]

_LOG_TAIL = 4000  # characters

_ABSENT = """
[families.absent]
module = "tests.benchmark.fake_adapter"
requires = ["no_such_library"]
"""


def make_workplace(folder: Path) -> dict[str, str]:
    """A catalogue, its weights and an image root in ``folder``; the settings that point to them."""
    entries = [write_fake(folder, model_id, manners) for model_id, manners in MANNERS.items()]
    absent = write_fake(folder, "detectron2", {}, "absent")
    (folder / "catalogue.toml").write_text("".join([FAMILY, _ABSENT, *entries, absent]))
    _draw(folder / "images")
    return {"ARENA_CATALOGUE": str(folder / "catalogue.toml"), "ARENA_IMAGE_ROOT": str(folder / "images")}


def _draw(folder: Path) -> None:
    folder.mkdir()
    image = np.zeros((60, 80, 3), np.uint8)
    cv2.imwrite(str(folder / "empty.png"), image)
    for x in (4, 24):
        image[5:17, x : x + 10] = 255
    cv2.imwrite(str(folder / "scene.png"), image)
    (folder / "broken.jpg").write_text("no image at all")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "out.jpg").symlink_to(folder.parent / "secret.txt")


class AgentProcess:
    """``python -m agent agent``, for as long as the context lasts; its log is named after the agent."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *arguments: str, module: str = "agent") -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_", "SUPABASE_"))}
        self._environment = {**kept, "ARENA_LOG_FORMAT": "json", "ARENA_LOG_LEVEL": "debug", **environment}
        self._environment.setdefault("ARENA_CACHE_DIR", str(folder / "cache"))
        self._environment.setdefault("ARENA_METRICS_PORT", "0")  # several are at work at once
        self._command = [sys.executable, "-m", module, "agent", *arguments]
        self.folder = folder
        self.name = environment.get("ARENA_AGENT_NAME", "agent")
        self._log = folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._known: set[psutil.Process] = set()

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.folder, env=self._environment, stdout=log, stderr=log
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if error is not None:
            error.add_note(f"The log of {self.name}:\n{self.text[-_LOG_TAIL:]}")

    @property
    def text(self) -> str:
        """Its log."""
        return self._log.read_text("utf-8")

    def lines(self, action: str) -> list[dict[str, Any]]:
        """Records of that action in its log."""
        records = [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]
        return [record for record in records if record.get("action") == action]

    def await_line(self, action: str, seconds: float = 60.0) -> dict[str, Any]:
        """The first record of that action."""
        try:
            until(lambda: bool(self.lines(action)) or not self.alive, seconds)
            return self.lines(action)[0]
        except (AssertionError, IndexError):
            raise AssertionError(f"no {action} in:\n{self.text}") from None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        assert self._process is not None
        return self._process.poll() is None

    def end(self, signum: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; gives the exit code and the seconds it took."""
        assert self._process is not None
        started = time.perf_counter()
        self.send(signum)
        return self._process.wait(60), time.perf_counter() - started

    def wait(self) -> int:
        """Its exit code."""
        assert self._process is not None
        return self._process.wait(60)

    @property
    def itself(self) -> psutil.Process:
        """Its process, to look at."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def children(self) -> set[psutil.Process]:
        """The processes it has at the moment: its Hosts, and what these started."""
        assert self._process is not None
        with suppress(psutil.NoSuchProcess):
            return set(psutil.Process(self._process.pid).children(recursive=True))
        return set()

    @property
    def orphans(self) -> set[psutil.Process]:
        """Those of its processes that were there when it was sent a signal, and are not gone."""
        return {child for child in self._known if _is_there(child)}

    def send(self, signum: int) -> None:
        """Send a signal to it alone."""
        assert self._process is not None
        self._known |= self.children
        self._process.send_signal(signum)

    def kill(self) -> None:
        """End it as a crash would: at once, and without its knowing."""
        assert self._process is not None
        self.send(signal.SIGKILL)
        self._process.wait()

    def freeze(self, *, with_children: bool = False) -> None:
        """Stop it, and its Hosts if wanted, until ``thaw``."""
        self.send(signal.SIGSTOP)
        for child in self._known if with_children else ():
            child.suspend()

    def thaw(self) -> None:
        """Let it go on."""
        for child in self.orphans:
            child.resume()
        self.send(signal.SIGCONT)


class Agents:
    """Makes agents that work at a stack, with the catalogue and the images of a folder."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.folder = folder
        scratch = folder / "scratch"
        scratch.mkdir()
        self._settings = {
            "SUPABASE_URL": stack.url,
            "SUPABASE_KEY": stack.secret_key,
            "ARENA_POLL_SECONDS": "0.5",
            "TMPDIR": str(scratch),  # one that is killed does not clean up behind itself
            **make_workplace(folder),
        }

    def real(self, name: str, *arguments: str, **settings: str) -> AgentProcess:
        """The program itself."""
        return self._make(name, arguments, "agent", settings)

    def quick(self, name: str, *arguments: str, **settings: str) -> AgentProcess:
        """One whose comparisons take no time; see ``quick_agent``."""
        return self._make(name, arguments, "tests.agent.quick_agent", settings)

    def _make(self, name: str, arguments: Sequence[str], module: str, settings: Mapping[str, str]) -> AgentProcess:
        return AgentProcess(
            self.folder, {**self._settings, "ARENA_AGENT_NAME": name, **settings}, *arguments, module=module
        )


def _is_there(process: psutil.Process) -> bool:
    """Whether it can still do anything; a dead one may stay listed until somebody asks how it ended."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
