"""What measuring adds to the thing measured: our figures against bare loops over the same arrays in the same run."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

from benchmark import Arena, LabelledImage, Options
from benchmark.measure.threads import default_threads
from tests.bench.measurement.demo_models import (
    MODEL_A,
    MODEL_B,
    QUICK,
    REPOSITORY,
    SETTINGS,
    Weights,
    Workbench,
    demo_catalogue,
    demo_scenes,
    demo_weights,
    host_environment,
)
from tests.bench.measurement.loops import BatchedLoops, Loops
from tests.bench.measurement.ratio import Ratio
from tests.bench.queue.table import Table

#: Images of a block, as in a comparison of many images.
_BLOCK = 6


@dataclass
class SingleStreamOverhead:
    """`speed_ms` against a bare loop, block by block in one process."""

    weights: Weights
    images: Sequence[LabelledImage]
    rounds: int = 60

    def table(self) -> Table:
        loops = Loops(Workbench.set_up(self.weights, list(self.images)), self.weights).by_name()
        for loop in loops.values():
            loop(range(len(self.images)))  # warm up
        times: dict[str, list[float]] = {name: [] for name in loops}
        for number, block in enumerate(islice(_blocks(len(self.images)), self.rounds)):
            for name in _turned(list(loops), number):
                times[name].append(median(loops[name](block)))
        return Table(
            f"One image at a time, {self.weights.file.stem} at {self.weights.input_size} px, {self.rounds} rounds",
            ("", "median ms", "÷ bare loop [95 %]"),
            tuple(_rows(times)),
            "speed_ms within 3 % of the bare loop is asked for.",
        )


@dataclass
class OfflineOverhead:
    """Throughput of measured windows against a bare batched loop, window by window in one process."""

    weights: Weights
    images: Sequence[LabelledImage]
    rounds: int = 30
    batch_size: int = 8
    seconds: float = 1.0

    def table(self) -> Table:
        loops = BatchedLoops(Workbench.set_up(self.weights, list(self.images)), self.batch_size, self.seconds)
        rates: dict[str, list[float]] = {"bare loop": [], "throughput_fps": []}
        loops.bare()  # warm up
        for number in range(self.rounds):
            for name in _turned(list(rates), number):
                rates[name].append(loops.bare() if name == "bare loop" else loops.ours())
        return Table(
            f"Batches of {self.batch_size}, {self.rounds} windows of {self.seconds:g} s",
            ("", "median images/s", "÷ bare loop [95 %]"),
            tuple(_rows(rates)),
            "At least 97 % of the bare loop is asked for.",
        )


@dataclass
class ComparisonOverhead:
    """`speed_ms` of whole comparisons against a bare loop in a process of its own, before and after each."""

    images: Sequence[LabelledImage]
    rounds: int = 6
    options: Options = QUICK
    passes: int = 4

    def table(self) -> Table:
        models = (MODEL_A, MODEL_B)
        ours: dict[str, list[float]] = {each: [] for each in models}
        bare: dict[str, list[float]] = {each: [] for each in models}
        for number in range(self.rounds):
            for step in _turned(["bare", "ours"], number):
                for name, time_ms in (self._compared() if step == "ours" else self._bare()).items():
                    (ours if step == "ours" else bare)[name].append(time_ms)
        return Table(
            f"A comparison's Hosts against a bare loop in a process of its own, {self.rounds} new processes of each",
            ("model", "bare loop ms", "speed_ms", "÷ bare loop [95 %]"),
            tuple(
                (each, median(bare[each]), median(ours[each]), str(Ratio.of(ours[each], bare[each]))) for each in models
            ),
        )

    def _compared(self) -> Mapping[str, float]:
        with Arena(demo_catalogue(), settings=SETTINGS) as arena:
            result = arena.compare(MODEL_A, MODEL_B, self.images, self.options)
        return {MODEL_A: result.model_a_metrics["speed_ms"], MODEL_B: result.model_b_metrics["speed_ms"]}

    def _bare(self) -> Mapping[str, float]:
        return {each: bare_process(each, len(self.images), self.passes) for each in (MODEL_A, MODEL_B)}


def bare_process(model_id: str, images: int, passes: int) -> float:
    """Median of a bare loop over the demo's scenes in a new process, in ms."""
    command = [sys.executable, "-m", "tests.bench.measurement.bare_loop", model_id, str(images), str(passes)]
    environment = host_environment(default_threads())
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.PIPE)
    return float(json.loads(result.stdout))


def tables(rounds: int = 60, extra: Sequence[Weights] = ()) -> Iterator[Table]:
    """Everything: some four minutes."""
    scenes = demo_scenes()
    for weights in (demo_weights(MODEL_A), demo_weights(MODEL_B), *extra):
        yield SingleStreamOverhead(weights, scenes, rounds).table()
        yield OfflineOverhead(weights, scenes, max(2, rounds // 2)).table()
    yield ComparisonOverhead(scenes, max(2, rounds // 10)).table()


def _blocks(images: int) -> Iterator[list[int]]:
    endless = cycle(range(images))
    while True:
        yield list(islice(endless, _BLOCK))


def _turned(names: list[str], number: int) -> list[str]:
    """Begun with another one each time, and every other time backwards, so that no place in the order is anyone's."""
    first = number // 2 % len(names)
    order = names[first:] + names[:first]
    return order[::-1] if number % 2 else order


def _rows(figures: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, float, str]]:
    for name, values in figures.items():
        yield name, median(values), str(Ratio.of(values, figures["bare loop"]))
