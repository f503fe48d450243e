"""The child side of a Host: one model in one process, answering one command at a time."""

import ctypes
import faulthandler
import gc
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.detection import Detection
from benchmark.errors import BenchmarkError, ClassMissing, HostError, ModelFailed, OutOfMemory
from benchmark.measure import messages
from benchmark.measure.failures import translated
from benchmark.measure.known_sizes import KnownSizes
from benchmark.measure.memory import give_memory_back, peak_memory, reset_peak_memory, resident_mb
from benchmark.measure.pulse import Pulse, StopRequested
from benchmark.measure.wire import pack, unpack

_PR_SET_PDEATHSIG = 1
_OOM_SCORE = Path("/proc/self/oom_score_adj")
#: Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_HIGHEST_OOM_SCORE = "1000"


def main(descriptor: int, parent: int, threads: int, name: str) -> None:
    """Serve the connection behind `descriptor` until it is closed. `name` is the model's."""
    faulthandler.enable()
    for signum in (signal.SIGINT, signal.SIGTERM):
        # The parent decides what they mean, and ends its Hosts. Not SIG_IGN, which a child's children inherit.
        signal.signal(signum, lambda _signum, _frame: None)
    _die_with(parent)
    _be_the_first_to_go()
    _keep_memory()
    _set_environment(threads)
    code = 0
    try:
        HostProcess(Connection(descriptor), threads, name).serve()
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)  # taking torch apart in an orderly way would take seconds, and threads left behind for ever


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it was gone before the kernel knew


def _be_the_first_to_go() -> None:
    """Where the machine runs out of memory, the kernel then ends this process before any other."""
    with suppress(OSError):  # not Linux
        _OOM_SCORE.write_text(_HIGHEST_OOM_SCORE)


def _keep_memory() -> None:
    """Let glibc keep what is freed, and so take it again without the kernel.

    By itself it gives large blocks back and has them faulted in anew: thousands of page faults a prediction in one
    process and none in another, as its heap happens to lie.
    """
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        # Before version 2.35 it refuses more than 32 MiB.
        libc.mallopt(_M_MMAP_THRESHOLD, 2**30) or libc.mallopt(_M_MMAP_THRESHOLD, 2**25)


def _set_environment(threads: int) -> None:
    """Must come before a model's library is imported."""
    for name in [name for name in os.environ if name.upper().startswith("CODECARBON_")]:
        del os.environ[name]
    os.environ.update(
        OMP_NUM_THREADS=str(threads),
        # Workers that spin after their work would take the cores from the other Host.
        OMP_WAIT_POLICY="PASSIVE",
        KMP_BLOCKTIME="0",
        # Libraries write their settings to the home folder: give them the Host's own, which goes with it.
        HOME=os.getcwd(),
        TMPDIR=os.getcwd(),
        XDG_CONFIG_HOME=os.getcwd(),
        YOLO_CONFIG_DIR=os.getcwd(),
        YOLO_OFFLINE="true",
        YOLO_AUTOINSTALL="false",
        ULTRALYTICS_SAFE_LOAD="true",
        HF_HUB_OFFLINE="1",
        ORT_DISABLE_TELEMETRY="1",
    )


class HostProcess:
    """Holds the images and the model between commands."""

    def __init__(self, connection: "Connection[Any, Any]", threads: int, name: str) -> None:
        self._connection = connection
        self._name = name
        self._threads = threads
        self._pictures: Any = None
        self._known_sizes = KnownSizes()
        #: Detections of each picture when it was first seen.
        self._first_sight: dict[int, Sequence[Detection]] = {}
        self._model: Any = None
        self._loaded: messages.Loaded | None = None
        self._meter: Any = None
        self._gpu: Any = None
        self._empty_mb = resident_mb()

    def serve(self) -> None:
        """Answer commands until the parent closes, or is gone."""
        with suppress(EOFError, ConnectionError):  # the parent is gone
            while True:
                try:
                    command = unpack(self._name, self._connection.recv_bytes())
                except ModelFailed as error:
                    self._connection.send(messages.Failed(error))
                    continue
                if isinstance(command, messages.Close):
                    return
                if not isinstance(command, messages.Stop):  # a Stop may come after the work was done
                    self._connection.send_bytes(self._reply(command))

    def _reply(self, command: messages.Command) -> bytes:
        try:
            with translated(self._name):
                return pack(self._name, self._answer(command, Pulse(self._connection)))
        except StopRequested:
            return pack(self._name, messages.Stopped())
        except HostError as error:
            error.add_note("".join(traceback.format_exception(error)))  # the traceback itself cannot be sent
            failed, full = pack(self._name, messages.Failed(error)), isinstance(error, OutOfMemory)
        except BenchmarkError as error:  # what a person did: the message says it all
            return pack(self._name, messages.Failed(error))
        if full:
            give_memory_back()  # after the error is gone, whose traceback held on to what did not fit
        return failed

    def _answer(self, command: messages.Command, pulse: Pulse) -> messages.Reply:
        match command:
            case messages.Open():
                return self._open(command, pulse)
            case messages.Load():
                return self._load(command)
            case messages.Forget():
                return self._forget()
        return self._measure(command, pulse)

    def _measure(self, command: messages.Command, pulse: Pulse) -> messages.Reply:
        match command:
            case messages.Detect():
                return self._detect(command, pulse)
            case messages.Stream():
                from benchmark.measure.single_stream import stream

                return stream(self._model, self._pictures, command.images, command.query, self._first_sight, pulse)
            case messages.Sweep():
                from benchmark.measure.offline import sweep

                return sweep(self._model, self._pictures, command.query, pulse)
            case messages.ForgetPeak():
                return _forget_peak()
            case messages.MeasureIdle():
                idle: messages.Idle = self._meter.idle(command.seconds, pulse)
                return idle
            case messages.Offline():
                from benchmark.measure.offline import run_window

                return run_window(self._model, self._pictures, command, self._meter, self._first_sight, pulse)
            case messages.MeasureMemory():
                return peak_memory(self._empty_mb, self._gpu)
        raise TypeError(f"a Host does not know the command {command!r}")

    def _open(self, command: messages.Open, pulse: Pulse) -> messages.Opened:
        from benchmark.measure.pictures import Pictures

        self._pictures, self._first_sight = None, {}
        self._pictures = Pictures(command.pictures, pulse, self._known_sizes)
        return messages.Opened(tuple(self._pictures.sizes))

    def _forget(self) -> messages.Forgotten:
        self._pictures, self._first_sight = None, {}
        give_memory_back()
        return messages.Forgotten()

    def _load(self, command: messages.Load) -> messages.Loaded:
        give_memory_back()
        if self._loaded is None:
            start = time.perf_counter()
            self._model = command.loader(command.device)
            _use_threads(self._threads)
            self._model.synchronize()
            load_s = time.perf_counter() - start - self._model.info.exporting_s
            self._loaded = self._describe(load_s, command.country)
        gc.collect()
        gc.freeze()  # what was loaded stays, so the collections before each block need not look at it
        reset_peak_memory()  # so that a model just loaded and one that was warm report the same thing
        return self._loaded

    def _describe(self, load_s: float, country: str | None) -> messages.Loaded:
        from benchmark.measure.energy import EnergyMeter
        from benchmark.measure.gpu import Gpu

        info = self._model.info
        gpu = Gpu.find(info.device) if _torch_has_gpu() else None
        self._gpu, self._meter = gpu, EnergyMeter(country, gpu, on_processor=not info.device.startswith("cuda"))
        name, driver = (gpu.name, gpu.driver) if gpu else (None, None)
        return messages.Loaded(info, load_s, name, driver, _threads_in_use() or self._threads)

    def _detect(self, command: messages.Detect, pulse: Pulse) -> messages.Detected:
        from benchmark.measure.single_stream import detect_all

        known = self._model.info.class_names
        if not set(command.query.classes) & set(known):
            wanted = ", ".join(command.query.classes)
            raise ClassMissing(f"{self._name} knows no class {wanted}; it knows {', '.join(known[:20])}.")
        _seed(command.seed)
        detected = detect_all(self._model, self._pictures, command.query, command.settle_seconds, pulse)
        self._first_sight = dict(enumerate(detected.detections))
        return detected


def _forget_peak() -> messages.PeakForgotten:
    give_memory_back()
    reset_peak_memory()
    return messages.PeakForgotten()


def _torch_has_gpu() -> bool:
    """Whether torch is what runs the model, and sees a GPU; it is never imported for this."""
    torch = sys.modules.get("torch")
    return bool(torch and torch.cuda.is_available())


def _use_threads(threads: int) -> None:
    """Undoes what a library chose for itself when it loaded: ultralytics takes one less than there are processors."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


def _threads_in_use() -> int | None:
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else None


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
