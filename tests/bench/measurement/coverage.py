"""How often the interval of the ratio of speeds holds the true one, under noise of every length."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmark.estimates import estimate_all
from benchmark.interleaving import chunks
from benchmark.metrics.matches import Matches
from benchmark.resampling import Contender
from benchmark.significance import Array
from tests.bench.queue.table import Table

#: (passes, images): from 64 to 720 samples.
SHAPES = ((11, 6), (60, 6), (6, 12), (3, 24), (20, 24), (1, 64), (5, 64), (1, 200), (3, 200))

_METRICS = ("accuracy", "exact_count", "count_mae", "f1_score", "speed_ms", "latency_ms", "throughput_fps", "memory_mb")
_GREEN = ("energy_j_per_image", "carbon_g_per_1k_images", "green_score")


@dataclass(frozen=True)
class Noise:
    """Standard deviations of the log of times, each model's own, beside skewed noise and spikes of single times."""

    image: float = 0.0
    turn: float = 0.0
    whole_pass: float = 0.0

    def times(self, passes: int, images: int, random: np.random.Generator) -> Array:
        turns = chunks(images)
        of_turn = np.repeat(random.normal(0, self.turn, (passes, len(turns))), list(map(len, turns)), axis=1)
        spikes = (random.random((passes, images)) < 0.05) * random.exponential(0.5, (passes, images))
        lasting = random.normal(0, self.image, images) + random.normal(0, self.whole_pass, (passes, 1)) + of_turn
        return np.exp(lasting + spikes + random.exponential(0.05, (passes, images)))


NOISES = {
    "single times": Noise(),
    "and images": Noise(image=0.03),
    "and turns": Noise(turn=0.05),
    "and passes": Noise(whole_pass=0.03),
}


@dataclass(frozen=True)
class Coverage:
    """Of intervals of 95 %."""

    count: int = 300
    shapes: tuple[tuple[int, int], ...] = SHAPES

    def shares(self, noise: Noise, passes: int, images: int) -> tuple[float, float]:
        """% of intervals of speed and of latency that hold 1, of equal models."""
        held = np.zeros(2)
        for seed in range(self.count):
            random = np.random.default_rng(seed)
            shared = np.exp(random.normal(0, 0.15, images))
            a, b = (_contender(shared * noise.times(passes, images, random)) for _ in range(2))
            estimates = estimate_all(a, b, seed=seed)
            for number, name in enumerate(("speed_ms", "latency_ms")):
                low, high = estimates[name].interval or (np.nan, np.nan)
                held[number] += low <= 0 <= high
        speed, latency = (float(share) for share in 100 * held / self.count)
        return speed, latency

    def table(self) -> Table:
        rows = tuple(
            (f"{passes} × {images}", *(self._cell(noise, passes, images) for noise in NOISES.values()))
            for passes, images in self.shapes
        )
        return Table(
            f"Intervals of 95 % that hold the truth, {self.count} simulated comparisons each: % of speed / of latency",
            ("passes × images", *NOISES),
            rows,
            "Noise of whole passes cannot be seen in fewer than 6 of them.",
        )

    def _cell(self, noise: Noise, passes: int, images: int) -> str:
        if noise.whole_pass and passes < 6:
            return "–"
        return " / ".join(f"{share:.0f}" for share in self.shares(noise, passes, images))


def _contender(times: Array) -> Contender:
    images = times.shape[1]
    ones = np.ones(images)
    metrics = dict.fromkeys(_METRICS, 1.0) | dict.fromkeys(_GREEN)
    matches = (Matches(1, 0, 0),) * images
    return Contender("a", metrics, ones, ones > 0, 0 * ones, times, times, matches, np.ones(1), np.array([]))


def tables() -> Iterator[Table]:
    start = time.perf_counter()
    table = Coverage().table()
    yield replace(table, note=f"{table.note} Took {time.perf_counter() - start:.0f} s.")
