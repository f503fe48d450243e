"""The parent side of a Host: a child process in which one model lives."""

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from benchmark.errors import Cancelled, GpuFault, HostError, HostTimeout, PhaseTimeout
from benchmark.measure.death import cause_of_death, oom_kills, outgrown
from benchmark.measure.host_log import HostLog
from benchmark.measure.machine_memory import resident_mb
from benchmark.measure.messages import Beat, Close, Command, Failed, Forget, Load, PeakForgotten, Reply, Stop
from benchmark.measure.threads import default_threads
from benchmark.measure.wire import pack, unpack

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
#: Seconds that a Host may stand still in the middle of a message: a stopped one would hold up its parent for ever.
_MESSAGE_TIMEOUT = 30
#: Seconds, at most, between two looks at the Hosts and at whether the comparison is to be cancelled.
_LOOK_INTERVAL = 0.1


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
        #: Highest resident memory that was seen while it was busy, since the last Load or ForgetPeak, in MiB.
        self.sampled_peak_mb = 0.0
        self._group_ended = False
        self._oom_kills = oom_kills()
        self._folder = tempfile.TemporaryDirectory(prefix="arena-host-", ignore_cleanup_errors=True)
        self._log = HostLog(Path(self._folder.name))
        self.connection, child = Pipe()
        _limit_messages(self.connection)
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
            stdout=self._log.fileno(),
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
        if self._process.poll() is not None:
            self._end_group()
        return self._process.returncode is None

    @property
    def resident_mb(self) -> float:
        """Its resident memory now, in MiB; 0 once it is gone."""
        return resident_mb(self.pid) if self.alive else 0.0

    def send(self, command: Command) -> None:
        """Raises HostDied, OutOfMemory or HostTimeout; ModelFailed where the command cannot be sent to a process."""
        packed = pack(self.name, command)
        self._log.trim()
        self._oom_kills = oom_kills()
        if isinstance(command, Load):
            self.sampled_peak_mb = 0.0
        self.busy = True
        try:
            self.connection.send_bytes(packed)
        except OSError as error:
            raise self._lost(error) from error

    def receive(self) -> Reply | Beat:
        """Raises HostDied, OutOfMemory, HostTimeout, or ModelFailed where the reply cannot be read here.

        Blocks unless the connection is ready.
        """
        try:
            packed = self.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost(error) from error
        self.awake, self.busy = True, False
        message: Reply | Beat = unpack(self.name, packed)
        self.busy = isinstance(message, Beat)
        if isinstance(message, PeakForgotten):
            self.sampled_peak_mb = 0.0
        if isinstance(message, Failed) and isinstance(message.error, GpuFault):
            self.kill()  # CUDA does not recover within a process
        return message

    def look_after(self, memory_limit_mb: float | None) -> None:
        """Take a sample of its memory and keep its log short.

        Raises OutOfMemory where it has grown beyond the limit, and ends it: sooner than the kernel, which may choose
        another process.
        """
        self._log.trim()
        if not self.alive and not (self.connection.closed or self.connection.poll(0)):
            # What it has started held the connection open.
            raise self._lost(EOFError())
        resident = self.resident_mb
        self.sampled_peak_mb = max(self.sampled_peak_mb, resident)
        if memory_limit_mb is not None and resident > memory_limit_mb:
            self.kill()
            raise outgrown(self.name, resident, memory_limit_mb)

    def finish_by(self, deadline: float) -> None:
        """Wait until it is idle; kill it at `deadline`, on the monotonic clock."""
        with suppress(HostError):
            while self.busy and self.connection.poll(max(0.0, deadline - time.monotonic())):
                self.receive()
        if self.busy:
            self.kill()

    def kill(self) -> None:
        """End it and what it started, at once."""
        self._end_group()
        self._process.wait()
        self.busy = False
        self._clean()

    def _end_group(self) -> None:
        """It leads a group of its own: what it has started ends with it, however it ended itself. Once only."""
        if not self._group_ended:
            self._group_ended = True
            with suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, where it is a zombie
                os.killpg(self.pid, signal.SIGKILL)

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

    def _lost(self, error: EOFError | OSError) -> HostError:
        """What the connection's error means."""
        if isinstance(error, BlockingIOError):
            self.kill()
            return HostTimeout(
                f"The process that ran {self.name} stood still for {_MESSAGE_TIMEOUT} s within a message; it was ended."
            )
        try:
            code = self._process.wait(_CLOSE_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._end_group()
        self.busy = False
        lost = cause_of_death(self.name, code, self._oom_kills)
        if tail := self._log.tail():
            lost.add_note(f"Its last words: {tail}")
        return lost


def _limit_messages(connection: "Connection[Any, Any]") -> None:
    """Let sending and receiving raise BlockingIOError in time."""
    with socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as duplicate:
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            duplicate.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _MESSAGE_TIMEOUT, 0))


@dataclass(frozen=True, slots=True)
class Watch:
    """What the parent keeps an eye on while Hosts work."""

    #: Seconds without a sign of life after which a Host is given up.
    silence_s: float
    should_stop: Callable[[], bool] = lambda: False
    on_beat: Callable[[Host, Beat], None] = lambda host, beat: None
    #: When the phase must be over, on the monotonic clock; its name and the seconds it was given are for the message.
    deadline: float | None = None
    phase: str = "measurement"
    limit_s: float | None = None
    #: MiB of resident memory that each Host may take. It is looked at some ten times a second, so leave room above.
    memory_limit_mb: float | None = None

    def check(self) -> None:
        """Raises Cancelled or PhaseTimeout."""
        if self.should_stop():
            raise Cancelled
        if self.deadline is not None and time.monotonic() > self.deadline:
            limit = "its time limit" if self.limit_s is None else f"{self.limit_s:g} s"
            raise PhaseTimeout(
                f"The phase {self.phase} took longer than {limit} and was broken off. Compare on fewer images, ask for "
                "less time (min_seconds, windows, window_seconds), or allow it more."
            )


def ask(host: Host, command: Command, watch: Watch) -> Reply:
    """Send one command to one Host and wait for its reply. Raises as `ask_all`."""
    return ask_all([(host, command)], watch)[0]


def ask_all(requests: Sequence[tuple[Host, Command]], watch: Watch) -> list[Reply]:
    """Send commands to different Hosts at once and wait for all replies, in the order of the requests.

    Raises the error that a Host failed with, HostDied, HostTimeout, OutOfMemory, PhaseTimeout, or Cancelled; Hosts may
    then still be busy (`stop_all` ends that). A Host that was silent or took too much memory has been ended.
    """
    for host, command in requests:
        host.send(command)
    heard = {host: time.monotonic() for host, _ in requests}
    replies: dict[Host, Reply] = {}
    while heard:
        watch.check()
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
        for host in heard:
            host.look_after(watch.memory_limit_mb)
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
        with suppress(HostError):
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
