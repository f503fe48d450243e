"""What both YOLOs find in each folder of photographs: one comparison of the two with each other."""

import time
from collections.abc import Iterator

from benchmark import Arena, BenchmarkSettings, Options
from tests.bench.models.cells import QUALITY, quality
from tests.bench.models.photographs import FOLDERS, catalogue_of, photographs, real_weights
from tests.bench.queue.table import Cell, Table

#: The scores are those of the warm-up: as little timing as there can be.
_OPTIONS = Options(min_seconds=0.1, window_seconds=0.5, windows=1, batch_size=1)


def tables() -> Iterator[Table]:
    """All photographs; some three minutes."""
    start = time.perf_counter()
    rows = tuple(_rows())
    yield Table(
        "What they find, by folder, all photographs",
        ("model", "photographs", "number", "cars", *QUALITY),
        rows,
        f"Took {time.perf_counter() - start:.0f} s.",
    )


def _rows() -> Iterator[tuple[Cell, ...]]:
    first, second = weights = real_weights()
    with catalogue_of(weights) as catalogue, Arena(catalogue, settings=BenchmarkSettings(device="cpu")) as arena:
        for folder in FOLDERS:
            images = photographs(folder)
            result = arena.compare(first, second, images, _OPTIONS)
            cars = sum(image.car_count for image in images)
            yield first, folder, len(images), cars, *quality(result.model_a_metrics)
            yield second, folder, len(images), cars, *quality(result.model_b_metrics)
