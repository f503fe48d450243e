"""One image at a time: warm-up and timed samples. Runs in the Host."""

import gc
import math
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import median

from benchmark.detection import Detection
from benchmark.errors import ModelFailed
from benchmark.measure.agreement import agree
from benchmark.measure.messages import Detected, Sample, Streamed
from benchmark.measure.pictures import Pictures
from benchmark.measure.pulse import Pulse
from benchmark.model import Model, Query, predict

#: Predictions whose median is compared with that of the ones before.
_SETTLE_RUNS = 5
#: So many are always waited for, however slow the model.
_FEWEST_MEDIANS = 2
#: Settled: two medians in a row differ by no more than this share.
_SETTLE_SHARE = 0.05


def detect_all(model: Model, pictures: Pictures, query: Query, settle_seconds: float, pulse: Pulse) -> Detected:
    """See every image once, which also warms the model up for each of their shapes; then until it settles."""
    found = []
    for index in range(len(pictures)):
        [detections] = predict(model, [pictures.decode(index)], query)
        found.append(tuple(map(_checked, detections)))
        pulse.tick(index + 1, len(pictures))
    return Detected(tuple(found), _settle(model, pictures, query, settle_seconds, pulse))


def _checked(detection: Detection) -> Detection:
    """In plain numbers. Raises ModelFailed where one of them is none."""
    box, score = tuple(map(float, detection.box)), float(detection.score)
    if len(box) != 4 or not all(map(math.isfinite, (*box, score))):
        raise ModelFailed(f"The model found a box {list(box)} with a score of {score}: these are no finite numbers.")
    return Detection(box, score, detection.label)


def _settle(model: Model, pictures: Pictures, query: Query, seconds: float, pulse: Pulse) -> bool:
    image = pictures.decode(0)
    deadline = time.perf_counter() + seconds

    def timed() -> float:
        pulse.tick(len(pictures), len(pictures))
        return _timed(lambda: predict(model, [image], query), model)

    medians: list[float] = []
    while not _settled(medians):
        if len(medians) >= _FEWEST_MEDIANS and time.perf_counter() > deadline:
            return False
        medians.append(median(timed() for _ in range(_SETTLE_RUNS)))
    return True


def _settled(medians: Sequence[float]) -> bool:
    return any(abs(after - before) <= _SETTLE_SHARE * before for before, after in pairwise(medians))


def _timed(work: Callable[[], object], model: Model) -> float:
    start = time.perf_counter()
    work()
    model.synchronize()
    return time.perf_counter() - start


def stream(
    model: Model,
    pictures: Pictures,
    images: Sequence[int],
    query: Query,
    first_sight: MutableMapping[int, Sequence[Detection]],
    pulse: Pulse,
) -> Streamed:
    """One timed sample of each index in `images`.

    The first image is predicted once before, untimed: the other Host had the caches in between. What is found is held
    against `first_sight`, the detections of each image when it was first seen; an image not in it is added.
    """
    samples, changed = [], []
    with no_garbage_collection():
        _sample(model, pictures, images[0], query)
        for number, index in enumerate(images):
            sample, found = _sample(model, pictures, index, query)
            samples.append(sample)
            if not agree(query, found, first_sight.setdefault(index, found)):
                changed.append(index)
            pulse.tick(number + 1, len(images))
    return Streamed(tuple(samples), tuple(changed))


def _sample(model: Model, pictures: Pictures, index: int, query: Query) -> tuple[Sample, list[Detection]]:
    clock = time.perf_counter
    model.synchronize()
    started = clock()
    images = [pictures.decode(index)]
    decoded = clock()
    inputs = model.preprocess(images)
    model.synchronize()
    prepared = clock()
    outputs = model.infer(inputs)
    model.synchronize()
    inferred = clock()
    [found] = model.postprocess(outputs, inputs, images, query)
    model.synchronize()
    finished = clock()
    sample = Sample(
        image=index,
        decode_ms=(decoded - started) * 1e3,
        preprocess_ms=(prepared - decoded) * 1e3,
        inference_ms=(inferred - prepared) * 1e3,
        postprocess_ms=(finished - inferred) * 1e3,
    )
    return sample, found


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep the collector's pauses out of what is timed; collect before instead."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
