"""Batches as fast as they go: throughput and energy. Runs in the Host."""

import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from benchmark.measure.energy import EnergyMeter
from benchmark.measure.failures import is_out_of_memory
from benchmark.measure.messages import Offline, Window, Windows
from benchmark.measure.pictures import Pictures
from benchmark.measure.pulse import Pulse
from benchmark.measure.single_stream import no_garbage_collection
from benchmark.model import Image, Model, Query, predict

#: Decoded images kept in memory for the windows; of more images, evenly spread ones are taken.
_IMAGE_BYTES = 128 * 2**20
#: Batch sizes that the sweep tries in turn.
_SWEEP = (1, 2, 4, 8, 16, 32, 64)
#: Seconds that each is tried for.
_SWEEP_SECONDS = 0.4
#: The sweep goes on while a batch size brings at least this much more.
_SWEEP_GAIN = 1.05


def run_offline(model: Model, pictures: Pictures, command: Offline, meter: EnergyMeter, pulse: Pulse) -> Windows:
    """Windows of batched prediction, arrays in, detections out."""
    images = _decoded(pictures)
    with no_garbage_collection():
        batch_size = command.batch_size or _sweep(model, images, command.query, pulse)
        windows = []
        for number in range(command.windows):
            energy = meter.start()
            count, seconds = _run(model, images, batch_size, command, number, pulse)
            windows.append(Window(count, seconds, energy.stop()))
    return Windows(batch_size, len(images), tuple(windows))


def _decoded(pictures: Pictures) -> list[Image]:
    sizes = [width * height * 3 for width, height in pictures.sizes]
    share = max(1, -(-sum(sizes) // _IMAGE_BYTES))
    return [pictures.decode(index) for index in range(0, len(pictures), share)]


def _run(
    model: Model, images: Sequence[Image], batch_size: int, command: Offline, number: int, pulse: Pulse
) -> tuple[int, float]:
    """One window; images predicted and seconds taken, the device's last work included."""
    batches = _batches(images, batch_size)
    predict(model, next(batches), command.query)
    model.synchronize()
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < command.window_seconds:
        batch = next(batches)
        predict(model, batch, command.query)
        count += len(batch)
        pulse.tick(number + elapsed / command.window_seconds, command.windows)
    model.synchronize()
    return count, time.perf_counter() - start


def _sweep(model: Model, images: Sequence[Image], query: Query, pulse: Pulse) -> int:
    """The smallest batch size after which the next one brings little more, or no longer fits."""
    best_size, best_fps = 1, 0.0
    for size in _SWEEP:
        try:
            fps = _throughput(model, images, size, query, pulse)
        except Exception as error:
            if size == 1 or not is_out_of_memory(error):
                raise
            break
        if fps < best_fps * _SWEEP_GAIN:
            break
        best_size, best_fps = size, fps
    return best_size


def _throughput(model: Model, images: Sequence[Image], size: int, query: Query, pulse: Pulse) -> float:
    batches = _batches(images, size)
    predict(model, next(batches), query)
    model.synchronize()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < _SWEEP_SECONDS:
        predict(model, next(batches), query)
        count += size
        pulse.tick(0, 1)
    model.synchronize()
    return count / (time.perf_counter() - start)


def _batches(images: Sequence[Image], size: int) -> Iterator[list[Image]]:
    endless = cycle(images)
    while True:
        yield list(islice(endless, size))
