"""Why a runtime is as fast as it is: the networks alone, beside what the processor can do at most."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tests.bench.measurement.demo_models import REPOSITORY, host_environment
from tests.bench.measurement.ratio import Ratio
from tests.bench.models.photographs import Weights, real_weights
from tests.bench.queue.table import Cell, Table


@dataclass(frozen=True)
class NetworkBench:
    """One network in a new process for each setting."""

    model_id: str
    weights: Weights
    #: (threads, batch).
    settings: tuple[tuple[int, int], ...] = ((1, 1),)
    rounds: int = 24

    def table(self) -> Table:
        return Table(
            f"The network of {self.model_id} alone, photographs of 4:3",
            ("threads × batch", "", "times the speed of torch [95 %]", "10⁹ operations/s", "of what matrices get"),
            tuple(row for setting in self.settings for row in self._rows(*setting)),
            f"{self.rounds} rounds in turn. A product of large matrices is about as fast as this processor computes.",
        )

    def _rows(self, threads: int, batch: int) -> Iterator[tuple[Cell, ...]]:
        times, work = self._measured(threads, batch)
        rates = {name: work[name] / median(times[name]) / 1e9 for name in times}
        for name, own in times.items():
            ratio = "" if name.startswith("product") else _two_digits(Ratio.of(times["torch"], own))
            share = f"{rates[name] / rates['product of matrices']:.0%}"
            yield f"{threads} × {batch}", name, ratio, f"{rates[name]:.0f}", share

    def _measured(self, threads: int, batch: int) -> tuple[dict[str, list[float]], dict[str, float]]:
        """Seconds of each round, and operations of a round, by name."""
        file, size = str(self.weights.file.absolute()), str(self.weights.input_size)
        arguments = [str(threads), str(batch), file, size, str(self.rounds)]
        result = subprocess.run(
            [sys.executable, "-m", "tests.bench.models.contestants", *arguments],
            cwd=REPOSITORY,
            env=host_environment(threads) | {"YOLO_OFFLINE": "true"},
            check=True,
            stdout=subprocess.PIPE,
        )
        measured = json.loads(result.stdout.splitlines()[-1])  # the package says this and that before
        return measured["seconds"], measured["operations"]


def _two_digits(ratio: Ratio) -> str:
    return f"{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"


def tables() -> Iterator[Table]:
    """Two minutes."""
    for model_id, weights in real_weights().items():
        yield NetworkBench(model_id, weights).table()
