"""A model against itself, again and again: it should come out as a tie."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from benchmark import Arena, Catalogue, Comparison, LabelledImage, Options
from tests.bench.measurement.demo_models import QUICK, SETTINGS, demo_scenes, demo_weights, twin_catalogue
from tests.bench.queue.table import Table

#: Figures whose ratio between the two would be 1 if processes were alike.
_RATIOS = {
    "speed": "speed_ms",
    "throughput": "throughput_fps",
    "energy": "energy_j_per_image",
    "memory": "memory_mb",
}


@dataclass
class Twins:
    """The same weights under two ids, in new processes each time, or (`warm`) in the same two each time."""

    catalogue: Catalogue
    images: Sequence[LabelledImage]
    count: int = 20
    options: Options = field(default_factory=Options)
    warm: bool = False

    def table(self) -> Table:
        results = list(self._results())
        ties = sum(result.verdict.winner == "tie" for result in results)
        processes = "the same two processes" if self.warm else "new processes"
        return Table(
            f"A model against itself, {self.count} comparisons in {processes}: {ties} ties",
            ("", "winner", *_RATIOS),
            tuple(_rows(results)),
            "Ratios are first ÷ second. At least 19 ties of 20 are asked for.",
        )

    def _results(self) -> Iterator[Comparison]:
        with ExitStack() as stack:
            arena = stack.enter_context(self._arena()) if self.warm else None
            for _ in range(self.count):
                with ExitStack() as own:
                    yield (arena or own.enter_context(self._arena())).compare(
                        "first", "second", self.images, self.options
                    )

    def _arena(self) -> Arena:
        return Arena(self.catalogue, settings=SETTINGS)


def tables(count: int = 20, quick: bool = False) -> Iterator[Table]:
    """Some ten minutes for 20, a quarter of that with `quick`."""
    options = QUICK if quick else Options()
    with twin_catalogue(demo_weights()) as catalogue:
        for warm in (False, True):
            yield Twins(catalogue, demo_scenes(), count, options, warm).table()


def _rows(results: Sequence[Comparison]) -> Iterator[tuple[str, ...]]:
    ratios = np.array([_ratios(result) for result in results])
    for number, (result, row) in enumerate(zip(results, ratios, strict=True), start=1):
        yield str(number), result.verdict.winner, *(f"{ratio:.3f}" for ratio in row)
    offsets = np.log(ratios)
    yield "median", "", *(f"{ratio:.3f}" for ratio in np.median(ratios, axis=0))
    yield "spread (sd of log)", "", *(f"{spread:.1%}" for spread in offsets.std(axis=0))
    yield "largest offset", "", *(f"{largest:.1%}" for largest in np.abs(np.expm1(np.abs(offsets))).max(axis=0))


def _ratios(result: Comparison) -> list[float]:
    """NaN where it was not measured."""
    first, second = result.model_a_metrics, result.model_b_metrics
    pairs = ((first[name], second[name]) for name in _RATIOS.values())
    return [float("nan") if None in pair else pair[0] / pair[1] for pair in pairs]
