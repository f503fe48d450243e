"""How soon a comparison begins to measure, in new Hosts and in warm ones."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmark import Arena, Catalogue, LabelledImage, Options, Progress
from tests.bench.measurement.demo_models import (
    MODEL_A,
    MODEL_B,
    QUICK,
    SETTINGS,
    demo_catalogue,
    demo_scenes,
    photographs,
)
from tests.bench.queue.table import Table

#: Phases whose beginning counts: the first prediction, and the first that is timed.
_PHASES = ("warm_up", "single_stream")


@dataclass
class Warm:
    """The same pair on the same images, cold and then warm."""

    title: str
    images: Sequence[LabelledImage]
    #: Comparisons after the first.
    repeats: int = 2
    options: Options = QUICK
    catalogue: Catalogue = field(default_factory=demo_catalogue)

    def table(self) -> Table:
        with Arena(self.catalogue, settings=SETTINGS) as arena:
            rows = [self._row(arena, number) for number in range(1 + self.repeats)]
        return Table(
            f"Seconds from the call, {self.title}",
            ("", "to the first prediction", "to the first timed one"),
            tuple(rows),
            "Less than 1 s to the first prediction of a warm pair is asked for.",
        )

    def _row(self, arena: Arena, number: int) -> tuple[str, float, float]:
        began: dict[str, float] = {}
        start = time.perf_counter()

        def note(progress: Progress) -> None:
            began.setdefault(progress.phase, time.perf_counter() - start)

        arena.compare(MODEL_A, MODEL_B, self.images, self.options, on_progress=note)
        return (f"warm {number}" if number else "cold", began[_PHASES[0]], began[_PHASES[1]])


def tables(repeats: int = 2, large: int = 200) -> Iterator[Table]:
    """The demo's scenes, and photographs of 1920×1080; some two minutes."""
    scenes = demo_scenes()
    yield Warm(f"{len(scenes)} scenes of the demo", scenes, repeats).table()
    with photographs(large) as images:
        yield Warm(f"{large} photographs of 1920×1080", images, repeats).table()
