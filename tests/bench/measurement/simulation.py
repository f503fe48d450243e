"""How often the verdict is right about models whose truth is known."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.verdict import Verdict
from tests.bench.measurement.simulated_comparison import SimulatedComparison
from tests.bench.measurement.simulated_machine import DRIFTS
from tests.bench.measurement.simulated_model import SimulatedModel
from tests.bench.queue.table import Table

#: Standard deviation of what a process makes of its model's times; see RESOLUTION.
PROCESS_SPREAD = 0.02

_MODEL = SimulatedModel("a")
_SHOWN = ("accuracy", "exact_count", "speed_ms", "latency_ms", "throughput_fps", "energy_j_per_image", "green_score")


def twins(seed: int, process_spread: float = 0.0, itself: bool = True) -> SimulatedComparison:
    """A model and the same under another name, with one drift after the other."""
    drift = list(DRIFTS)[seed % len(DRIFTS)]
    images = (12, 24, 48, 200)[seed // len(DRIFTS) % 4]
    a = replace(_MODEL, process_spread=process_spread)
    return SimulatedComparison((a, replace(a, model_id="b")), seed, images, drift, itself)


@dataclass(frozen=True)
class Ties:
    """Comparisons of a model with itself: how many end in a tie, overall and by metric."""

    count: int = 1000

    def verdicts(self, process_spread: float = 0.0, itself: bool = True) -> list[Verdict]:
        return [twins(seed, process_spread, itself).verdict() for seed in range(self.count)]

    def table(self) -> Table:
        cases = {
            "itself": self.verdicts(),
            "itself, processes differ by 2 %": self.verdicts(PROCESS_SPREAD),
            "one that errs as much elsewhere": self.verdicts(itself=False),
        }
        return Table(
            f"A model against its equal, {self.count} simulated comparisons each: % that end in a tie",
            ("against", "verdict", *_SHOWN),
            tuple((name, *_tie_shares(verdicts)) for name, verdicts in cases.items()),
            f"Each fifth with another drift ({', '.join(DRIFTS)}); 12, 24, 48 or 200 images. 95 % are asked for.",
        )


def _tie_shares(verdicts: Sequence[Verdict]) -> Iterator[float]:
    winners = [{"verdict": each.winner} | {name: each.metrics[name]["winner"] for name in _SHOWN} for each in verdicts]
    for name in ("verdict", *_SHOWN):
        yield 100 * Counter(each[name] for each in winners)["tie"] / len(verdicts)


@dataclass(frozen=True)
class Power:
    """How often a difference that is there is found."""

    count: int = 300

    def slower(self, process_spread: float = 0.0) -> float:
        """% in which a model that is 10 % slower loses on speed, with one drift after the other."""
        a = replace(_MODEL, process_spread=process_spread)
        b = replace(a, model_id="b", predict_ms=1.1 * a.predict_ms)
        drifts = [list(DRIFTS)[seed % len(DRIFTS)] for seed in range(self.count)]
        verdicts = [SimulatedComparison((a, b), seed, 48, drift).verdict() for seed, drift in enumerate(drifts)]
        return _share([each.metrics["speed_ms"]["winner"] == "a" for each in verdicts])

    def more_accurate(self) -> float:
        """% in which a model with 5 points more count accuracy wins on it over 200 images."""
        models = (_MODEL, replace(_MODEL, model_id="b").better_by(0.05))
        verdicts = [SimulatedComparison(models, seed, 200).verdict() for seed in range(self.count)]
        return _share([each.metrics["accuracy"]["winner"] == "b" for each in verdicts])

    def table(self) -> Table:
        rows = (
            ("10 % slower", 90, self.slower()),
            ("10 % slower, processes differ by 2 %", 90, self.slower(PROCESS_SPREAD)),
            ("5 points better count accuracy, 200 images", 80, self.more_accurate()),
        )
        return Table(
            f"A difference that is there, {self.count} simulated comparisons each: % that find it",
            ("b is", "wanted", "found"),
            rows,
        )


def _share(right: Sequence[bool]) -> float:
    return 100 * sum(right) / len(right)


@dataclass(frozen=True)
class Drift:
    """How far the measured ratio of speeds is from the true one while the machine drifts."""

    count: int = 200

    def errors(self, drift: str) -> tuple[list[float], list[float]]:
        """In %, of interleaved and of sequential timing, each comparison's."""
        a, b = _MODEL, replace(_MODEL, model_id="b", predict_ms=1.3 * _MODEL.predict_ms)
        interleaved, sequential = [], []
        for seed in range(self.count):
            comparison = SimulatedComparison((a, b), seed, 48, drift)
            entry = comparison.verdict().metrics["speed_ms"]
            interleaved.append(_error(entry["ratio"], 1 / 1.3))
            sequential.append(_error(comparison.sequential_ratio(samples=144), 1 / 1.3))
        return interleaved, sequential

    def table(self) -> Table:
        return Table(
            f"Error of the ratio of speeds in %, {self.count} simulated comparisons each: mean, p95, most",
            ("drift", "in turns", "p95", "most", "one after the other", "p95", "most"),
            tuple((drift, *(figure for each in self.errors(drift) for figure in _summary(each))) for drift in DRIFTS),
        )


def _error(ratio: float, truth: float) -> float:
    return 100 * abs(math.expm1(math.log(ratio / truth)))


def _summary(errors: Sequence[float]) -> tuple[float, float, float]:
    return float(np.mean(errors)), float(np.quantile(errors, 0.95)), max(errors)


def _timed(table: Table, start: float) -> Table:
    return replace(table, note=f"{table.note} Took {time.perf_counter() - start:.0f} s.".strip())


def tie_tables() -> Iterator[Table]:
    start = time.perf_counter()
    yield _timed(Ties().table(), start)


def power_tables() -> Iterator[Table]:
    start = time.perf_counter()
    yield _timed(Power().table(), start)


def drift_tables() -> Iterator[Table]:
    start = time.perf_counter()
    yield _timed(Drift().table(), start)
