"""The demo's three models on the demo's scenes: a YOLO against the classifier that counts by peaks of a map."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmark import Arena, Options
from tests.bench.measurement.demo_models import SETTINGS, demo_catalogue, demo_scenes
from tests.bench.models.cells import interval
from tests.bench.queue.table import Cell, Table

YOLOS, CLASSIFIER = ("Trained_yolov5", "Trained_yolov8"), "efficientnet_b0"


@dataclass(frozen=True)
class DemoBench:
    """Each YOLO against the classifier."""

    scenes: int | None = None
    yolos: tuple[str, ...] = YOLOS
    options: Options = field(default_factory=lambda: Options(min_seconds=2.0, window_seconds=2.0, windows=2))

    def table(self) -> Table:
        rows = tuple(self._rows())
        return Table(
            f"Demo: a YOLO against {CLASSIFIER}, {len(demo_scenes(self.scenes))} scenes",
            (
                *("model", "count MAE", f"of {CLASSIFIER}", "difference [95 %]", "better count MAE"),
                *("count accuracy", f"of {CLASSIFIER}", "winner"),
            ),
            rows,
            "The winner is that of the whole comparison: accuracy, speed, energy and memory together.",
        )

    def _rows(self) -> Iterator[tuple[Cell, ...]]:
        with Arena(demo_catalogue(), settings=SETTINGS) as arena:
            for yolo in self.yolos:
                result = arena.compare(yolo, CLASSIFIER, demo_scenes(self.scenes), self.options)
                error = result.verdict.metrics["count_mae"]
                a, b = result.model_a_metrics, result.model_b_metrics
                yield (
                    *(yolo, f"{a['count_mae']:.2f}", f"{b['count_mae']:.2f}", interval(error), str(error["winner"])),
                    *(f"{a['accuracy']:.3f}", f"{b['accuracy']:.3f}", result.winner),
                )


def tables() -> Iterator[Table]:
    """All scenes; a minute."""
    yield DemoBench().table()
