"""Batches as fast as they go: throughput and energy. Runs in the Host."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from typing import TypeVar

from benchmark.detection import Detection
from benchmark.measure.agreement import agree
from benchmark.measure.energy import EnergyMeter
from benchmark.measure.failures import is_out_of_memory
from benchmark.measure.memory import give_memory_back
from benchmark.measure.messages import Offline, Swept, Window
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

_T = TypeVar("_T")


def run_window(
    model: Model,
    pictures: Pictures,
    command: Offline,
    meter: EnergyMeter,
    first_sight: Mapping[int, Sequence[Detection]],
    pulse: Pulse,
) -> Window:
    """One window of batched prediction, arrays in, detections out.

    A batch that does not fit into memory is halved until it does, and the window begins anew. One batch goes before,
    untimed; what it finds is held against `first_sight`, the detections of each image when it was first seen.
    """
    images = _shuffled(_decoded(pictures), command.turn)
    size = command.batch_size
    while True:
        window = _fitting(partial(_window, model, images, size, command, meter, first_sight, pulse), size)
        if window:
            return window
        size //= 2


def _window(
    model: Model,
    images: Mapping[int, Image],
    size: int,
    command: Offline,
    meter: EnergyMeter,
    first_sight: Mapping[int, Sequence[Detection]],
    pulse: Pulse,
) -> Window:
    arrays = list(images.values())
    found = zip(images, predict(model, next(_batches(arrays, size)), command.query), strict=False)
    changed = [index for index, each in found if not agree(command.query, each, first_sight.get(index, each))]
    with no_garbage_collection(), meter.window() as window:
        count, seconds = _run(model, arrays, size, command.seconds, command.query, pulse)
    return Window(size, count, seconds, len(arrays), window.energy, tuple(changed))


def sweep(model: Model, pictures: Pictures, query: Query, pulse: Pulse) -> Swept:
    """The smallest batch size after which the next one brings little more, or no longer fits."""
    images = list(_decoded(pictures).values())
    best_size, best_fps = 1, 0.0
    for size in _SWEEP:
        fps = _fitting(partial(_rate, model, images, size, query, pulse), size)
        if fps is None:
            return Swept(best_size, limited_by_memory=True)
        if fps < best_fps * _SWEEP_GAIN:
            break
        best_size, best_fps = size, fps
    return Swept(best_size)


def _rate(model: Model, images: Sequence[Image], size: int, query: Query, pulse: Pulse) -> float:
    """Images/s."""
    _run(model, images, size, 0.0, query, pulse)
    count, seconds = _run(model, images, size, _SWEEP_SECONDS, query, pulse)
    return count / seconds


def _fitting(work: Callable[[], _T], batch_size: int) -> _T | None:
    """What `work` returns; None where that many images at once do not fit into memory, but fewer may."""
    try:
        return work()
    except Exception as error:
        if batch_size == 1 or not is_out_of_memory(error):
            raise
    give_memory_back()  # after the error is gone, whose traceback held on to the batch
    return None


def _shuffled(images: Mapping[int, Image], seed: int) -> dict[int, Image]:
    """A window of a slow model sees only some of them: chosen by chance, not the first of the list."""
    return {index: images[index] for index in random.Random(seed).sample(sorted(images), len(images))}


def _decoded(pictures: Pictures) -> dict[int, Image]:
    """By index."""
    sizes = [width * height * 3 for width, height in pictures.sizes]
    share = max(1, -(-sum(sizes) // _IMAGE_BYTES))
    return {index: pictures.decode(index) for index in range(0, len(pictures), share)}


def _run(
    model: Model, images: Sequence[Image], batch_size: int, at_least_s: float, query: Query, pulse: Pulse
) -> tuple[int, float]:
    """Batches, one at least; images predicted and seconds taken, the device's last work included."""
    batches = _batches(images, batch_size)
    model.synchronize()
    count, elapsed, start = 0, -1.0, time.perf_counter()
    while elapsed < at_least_s:
        batch = next(batches)
        predict(model, batch, query)
        count += len(batch)
        elapsed = time.perf_counter() - start
        pulse.tick(elapsed, max(at_least_s, elapsed))
    model.synchronize()
    return count, time.perf_counter() - start


def _batches(images: Sequence[Image], size: int) -> Iterator[list[Image]]:
    endless = cycle(images)
    while True:
        yield list(islice(endless, size))
