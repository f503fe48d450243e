"""Bare loops: what someone would write who only wants to time a model."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import cycle, islice
from typing import Any

from benchmark.measure.messages import Offline
from benchmark.measure.offline import run_window
from benchmark.measure.single_stream import no_garbage_collection, stream
from benchmark.model import Image, predict
from tests.bench.measurement.demo_models import QUERY, Weights, Workbench

#: Times one prediction of each of these images, in ms.
Loop = Callable[[Sequence[int]], list[float]]


def bare_times(bench: Workbench, arrays: Sequence[Image]) -> list[float]:
    """Milliseconds of the model's three calls on each array."""
    model, times = bench.model, []
    for array in arrays:
        start = time.perf_counter()
        inputs = model.preprocess([array])
        outputs = model.infer(inputs)
        model.postprocess(outputs, inputs, [array], QUERY)
        times.append((time.perf_counter() - start) * 1e3)
    return times


def bare_rate(bench: Workbench, arrays: Sequence[Image], batch_size: int, seconds: float) -> float:
    """Images/s of whole batches, for at least so long."""
    endless, count, start = cycle(arrays), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        predict(bench.model, list(islice(endless, batch_size)), QUERY)
        count += batch_size
    return count / (time.perf_counter() - start)


class Loops:
    """All loops over the same arrays with the same model: ours, the bare one, and the bare one with one thing more."""

    def __init__(self, bench: Workbench, weights: Weights) -> None:
        self._bench = bench
        self._arrays = [bench.pictures.decode(index) for index in range(len(bench.pictures))]
        self._package = _package_predictor(weights)
        self._first_sight: dict[int, Any] = {}

    def by_name(self) -> dict[str, Loop]:
        return {
            "bare loop": self.bare,
            "speed_ms": self.ours,
            "YOLO.predict": self.package,
            "bare, and decoding before each": lambda images: self._bare_one_by_one(images, decode=True),
            "bare, and a look at the pipe after each": lambda images: self._bare_one_by_one(images, tick=True),
            "bare, without garbage collection": lambda images: self._bare_one_by_one(images, no_gc=True),
            "bare, after an untimed first": self._bare_after_a_first,
        }

    def bare(self, images: Sequence[int]) -> list[float]:
        return bare_times(self._bench, [self._arrays[index] for index in images])

    def ours(self, images: Sequence[int]) -> list[float]:
        bench = self._bench
        streamed = stream(bench.model, bench.pictures, images, QUERY, self._first_sight, bench.pulse)
        return [sample.predict_ms for sample in streamed.samples]

    def package(self, images: Sequence[int]) -> list[float]:
        times = []
        for index in images:
            start = time.perf_counter()
            self._package(self._arrays[index])
            times.append((time.perf_counter() - start) * 1e3)
        return times

    def _bare_one_by_one(
        self, images: Sequence[int], decode: bool = False, tick: bool = False, no_gc: bool = False
    ) -> list[float]:
        times = []
        with no_garbage_collection() if no_gc else nullcontext():
            for number, index in enumerate(images):
                array = self._bench.pictures.decode(index) if decode else self._arrays[index]
                times += bare_times(self._bench, [array])
                if tick:
                    self._bench.pulse.tick(number + 1, len(images))
        return times

    def _bare_after_a_first(self, images: Sequence[int]) -> list[float]:
        self.bare(images[:1])
        return self.bare(images)


class BatchedLoops:
    """A measured window and a bare batched loop over the same arrays."""

    def __init__(self, bench: Workbench, batch_size: int, seconds: float) -> None:
        from benchmark.measure.energy import EnergyMeter

        self._bench = bench
        self._arrays = [bench.pictures.decode(index) for index in range(len(bench.pictures))]
        self._command = Offline(seconds, batch_size, QUERY)
        self._meter = EnergyMeter("DEU", None)

    def bare(self) -> float:
        """Images/s."""
        return bare_rate(self._bench, self._arrays, self._command.batch_size, self._command.seconds)

    def ours(self) -> float:
        """Images/s."""
        bench = self._bench
        window = run_window(bench.model, bench.pictures, self._command, self._meter, {}, bench.pulse)
        return window.images / window.seconds


def _package_predictor(weights: Weights) -> Callable[[Image], object]:
    from ultralytics import YOLO

    yolo: Any = YOLO(weights.file)
    return lambda array: yolo.predict(
        array, imgsz=weights.input_size, conf=QUERY.confidence, classes=[0], device="cpu", verbose=False
    )
