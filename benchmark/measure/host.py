"""The parent side of a Host: a child process in which one model lives."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from benchmark.errors import Cancelled, GpuFault, HostDied, HostTimeout
from benchmark.measure.messages import Beat, Close, Command, Failed, Forget, Reply, Stop
from benchmark.measure.threads import default_threads

#: Not multiprocessing's own spawn: that runs the parent's main script again in the child, whose imports (a web
#: client, a test runner) would then count as the model's memory and start-up time.
_BOOT = (
    "import sys; sys.path[:] = {path!r}; from benchmark.measure.host_process import main; "
    "main({descriptor}, {parent}, {threads}, {name!r})"
)

#: Seconds that Hosts get to leave off their work, to let go of memory, and that one gets to end by itself.
_STOP_GRACE = 1.0
_FORGET_GRACE = 2.0
_CLOSE_GRACE = 2.0
#: Seconds between two looks at whether the comparison is to be cancelled.
_LOOK_INTERVAL = 0.1
_LOG_TAIL = 2000  # bytes


class Host:
    """A child process. Use it from one thread at a time."""

    def __init__(self, name: str, threads: int | None = None) -> None:
        """Starts the process; it does not wait for it. `name` stands in messages: the model's id.

        The process dies with the thread that started it, so that thread must live as long as the Host may.
        """
        self.name = name
        #: What it holds, set by whoever loads a model into it.
        self.key: object = None
        self.busy = False
        #: Whether it has answered anything yet; until then it is starting, and holds nothing.
        self.awake = False
        self._folder = tempfile.TemporaryDirectory(prefix="arena-host-")
        self._log = tempfile.TemporaryFile(dir=self._folder.name)  # noqa: SIM115 - lives as long as the Host
        self.connection, child = Pipe()
        self._process = self._spawn(child, threads or default_threads())
        child.close()

    def _spawn(self, child: "Connection[Any, Any]", threads: int) -> subprocess.Popen[bytes]:
        path = [os.path.abspath(each) for each in sys.path]
        boot = _BOOT.format(path=path, descriptor=child.fileno(), parent=os.getpid(), threads=threads, name=self.name)
        return subprocess.Popen(
            [sys.executable, "-c", boot],
            pass_fds=[child.fileno()],
            cwd=self._folder.name,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            process_group=0,  # a Ctrl-C in the terminal is the parent's to handle
        )

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def send(self, command: Command) -> None:
        """Raises HostDied."""
        self.busy = True
        try:
            self.connection.send(command)
        except OSError as error:
            raise self._died() from error

    def receive(self) -> Reply | Beat:
        """Raises HostDied. Blocks unless the connection is ready."""
        try:
            message: Reply | Beat = self.connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        self.awake = True
        if not isinstance(message, Beat):
            self.busy = False
        if isinstance(message, Failed) and isinstance(message.error, GpuFault):
            self.kill()  # CUDA does not recover within a process
        return message

    def finish_by(self, deadline: float) -> None:
        """Wait until it is idle; kill it at `deadline`, on the monotonic clock."""
        with suppress(HostDied):
            while self.busy and self.connection.poll(max(0.0, deadline - time.monotonic())):
                self.receive()
        if self.busy:
            self.kill()

    def kill(self) -> None:
        """End it and what it started, at once."""
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)  # it leads a group of its own
        self._process.wait()
        self.busy = False
        self._clean()

    def close(self) -> None:
        """End it in peace, or by force after a while. May be called again."""
        if self.alive and not self.busy:
            with suppress(OSError):
                self.connection.send(Close())
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_CLOSE_GRACE)
        self.kill()

    def _clean(self) -> None:
        self.connection.close()
        self._log.close()
        self._folder.cleanup()

    def _died(self) -> HostDied:
        try:
            code = self._process.wait(_CLOSE_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        error = HostDied(f"The process that ran {self.name} {_describe(code)}.")
        if tail := self._tail():
            error.add_note(f"Its last words: {tail}")
        return error

    def _tail(self) -> str:
        if self._log.closed:
            return ""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_TAIL))
        return self._log.read().decode(errors="replace").strip()


def _describe(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    hint = ", perhaps because the machine ran out of memory" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"


@dataclass(frozen=True, slots=True)
class Watch:
    """What the parent keeps an eye on while Hosts work."""

    #: Seconds without a sign of life after which a Host is given up.
    silence_s: float
    should_stop: Callable[[], bool] = lambda: False
    on_beat: Callable[[Host, Beat], None] = lambda host, beat: None


def ask(host: Host, command: Command, watch: Watch) -> Reply:
    """Send one command to one Host and wait for its reply. Raises as `ask_all`."""
    return ask_all([(host, command)], watch)[0]


def ask_all(requests: Sequence[tuple[Host, Command]], watch: Watch) -> list[Reply]:
    """Send commands to different Hosts at once and wait for all replies, in the order of the requests.

    Raises the error that a Host failed with, HostDied, HostTimeout, or Cancelled; the other Hosts may then still be
    busy. A Host that timed out has been ended.
    """
    for host, command in requests:
        host.send(command)
    heard = {host: time.monotonic() for host, _ in requests}
    replies: dict[Host, Reply] = {}
    while heard:
        if watch.should_stop():
            raise Cancelled
        for host in _ready(list(heard)):
            message = host.receive()
            if isinstance(message, Failed):
                raise message.error
            if isinstance(message, Beat):
                heard[host] = time.monotonic()
                watch.on_beat(host, message)
            else:
                del heard[host]
                replies[host] = message
        _give_up_silent(heard, watch.silence_s)
    return [replies[host] for host, _ in requests]


def stop_all(hosts: Sequence[Host]) -> None:
    """Make them leave off their work, all within the same second; by force those that do not."""
    _tell_all([host for host in hosts if host.busy], Stop(), _STOP_GRACE)


def forget_all(hosts: Sequence[Host]) -> None:
    """Make idle ones let go of their images; by force those that do not."""
    _tell_all([host for host in hosts if host.alive and host.awake and not host.busy], Forget(), _FORGET_GRACE)


def _tell_all(hosts: Sequence[Host], command: Command, grace_s: float) -> None:
    for host in hosts:
        with suppress(HostDied):
            host.send(command)
    deadline = time.monotonic() + grace_s
    for host in hosts:
        host.finish_by(deadline)


def _ready(hosts: Sequence[Host]) -> list[Host]:
    ready = wait([host.connection for host in hosts], timeout=_LOOK_INTERVAL)
    return [host for host in hosts if host.connection in ready]


def _give_up_silent(heard: dict[Host, float], silence_s: float) -> None:
    for host, at in heard.items():
        if time.monotonic() - at > silence_s:
            host.kill()
            raise HostTimeout(
                f"The process that ran {host.name} gave no sign of life for {silence_s:g} s; it was ended."
            )
