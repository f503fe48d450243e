"""Each runtime of a model against eager torch: the arena's own comparison of `X` with `X@runtime`."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmark import Arena, BenchmarkSettings, Catalogue, Comparison, LabelledImage, Options, model_state
from tests.bench.models.cells import QUALITY, quality, times_as_good
from tests.bench.models.photographs import FOLDERS, catalogue_of, photographs, real_weights
from tests.bench.queue.table import Cell, Table

#: Long enough for a t interval of throughput.
OPTIONS = Options(min_seconds=3.0, window_seconds=3.0, windows=3)


@dataclass(frozen=True)
class RuntimeBench:
    """Models of a catalogue in each of their runtimes that can run here, on the CPU."""

    catalogue: Catalogue
    images: Sequence[LabelledImage]
    title: str
    options: Options = OPTIONS
    #: Others than the first of the model; None: all of them.
    runtimes: tuple[str, ...] | None = None
    refused: dict[str, str] = field(default_factory=dict)

    def tables(self) -> Iterator[Table]:
        """What they find, and how fast."""
        results = {entry.id: list(self._compared(entry.id)) for entry in self.catalogue}
        why_not = " ".join(f"@{runtime}: {reason}" for runtime, reason in self.refused.items())
        yield Table(
            f"What they find, {self.title}",
            ("model", *QUALITY, "same boxes as torch", "furthest, px"),
            tuple(row for each in results.values() for row in _quality_rows(each)),
            why_not,
        )
        yield Table(
            f"How fast, {self.title}",
            (
                *("model", "times the speed of torch", "times its throughput", "batch", "network's share of the time"),
                *("memory MiB", "load s", "export s"),
            ),
            tuple(row for each in results.values() for row in _speed_rows(each)),
            _circumstances([each for compared in results.values() for each in compared]),
        )

    def _compared(self, model_id: str) -> Iterator[Comparison]:
        with tempfile.TemporaryDirectory() as exports:
            settings = BenchmarkSettings(device="cpu", exports_dir=Path(exports))
            with Arena(self.catalogue, settings=settings) as arena:
                for other in self._others(model_id):
                    yield arena.compare(model_id, other, self.images, self.options)

    def _others(self, model_id: str) -> Iterator[str]:
        for entry in self.catalogue[model_id].variants[1:]:
            runtime = str(entry.runtime)
            if self.runtimes is not None and runtime not in self.runtimes:
                continue
            state = model_state(entry, device="cpu")
            if state.ready:
                yield entry.id
            else:
                self.refused.setdefault(runtime, str(state.reason))


def _quality_rows(results: Sequence[Comparison]) -> Iterator[tuple[Cell, ...]]:
    yield results[0].model_a_id, *quality(results[0].model_a_metrics), "", ""
    for each in results:
        same = each.agreement
        assert same, "They have the same weights."
        found = f"{same.matched} of {max(same.found_a, same.found_b)}"
        yield each.model_b_id, *quality(each.model_b_metrics), found, f"{same.largest_box_difference_px:.4f}"


def _speed_rows(results: Sequence[Comparison]) -> Iterator[tuple[Cell, ...]]:
    of_torch = [each.model_a_metrics for each in results]
    memory_mb, load_s = (median(each[name] for each in of_torch) for name in ("memory_mb", "load_s"))
    shown = (_batches(results), _share(of_torch), f"{memory_mb:.0f}", f"{load_s:.1f}", "")
    yield results[0].model_a_id, "1", "1", *shown
    for each in results:
        metrics, judged = each.model_b_metrics, each.verdict.metrics
        yield (
            each.model_b_id,
            times_as_good(judged["speed_ms"], more_is_better=False),
            times_as_good(judged["throughput_fps"], more_is_better=True),
            _batches([each]),
            _share([metrics]),
            f"{metrics['memory_mb']:.0f}",
            f"{metrics['load_s']:.1f}",
            f"{metrics['export_s']:.0f}",
        )


def _batches(results: Sequence[Comparison]) -> str:
    return ", ".join(sorted({str(each.model_a_metrics["batch_size"]) for each in results}))


def _share(figures: Sequence[Any]) -> str:
    return f"{median(each['inference_ms'] / each['speed_ms'] for each in figures):.0%}"


def _circumstances(results: Sequence[Comparison]) -> str:
    others = [each.environment["other_load_cores"] or 0.0 for each in results]
    seconds = sum(each.environment["duration_s"] for each in results)
    return (
        f"Threads of a model: {results[0].environment['threads'][0]}. Other programs kept {min(others):.1f} to "
        f"{max(others):.1f} cores busy meanwhile. The comparisons took {seconds / 60:.0f} min."
    )


def tables(every: int = 3) -> Iterator[Table]:
    """Every nth of all photographs; ten to twenty minutes for 3."""
    images = photographs(*FOLDERS, every=every)
    with catalogue_of(real_weights()) as catalogue:
        yield from RuntimeBench(catalogue, images, f"{len(images)} photographs").tables()
