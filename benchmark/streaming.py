"""Single stream: two models take turns, one image at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from benchmark.interleaving import blocks, blocks_per_pass
from benchmark.measure.messages import Sample, Stream, Streamed
from benchmark.measure.waiting import Waiting
from benchmark.model import Query
from benchmark.phase import Phase

#: Samples of a model, at least: what a p90 at 99 % confidence takes.
MIN_SAMPLES = 64


@dataclass(slots=True)
class Streaming:
    """What was seen of one model."""

    waiting: Waiting
    samples: list[Sample] = field(default_factory=list)
    #: Images in which it found something else than at first sight.
    changed: set[int] = field(default_factory=set)
    #: Seconds that the samples took.
    busy_s: float = 0.0

    def add(self, streamed: Streamed) -> None:
        """One block."""
        self.samples.extend(streamed.samples)
        self.changed.update(streamed.changed)
        self.busy_s += sum(sample.total_ms for sample in streamed.samples) / 1e3

    def share(self, min_seconds: float) -> float:
        """How much of what is wanted there is; 1 where there is enough."""
        return min(1.0, self.busy_s / min_seconds, len(self.samples) / MIN_SAMPLES)


def stream_in_turns(
    phase: Phase, pids: Sequence[int], images: int, query: Query, min_seconds: float
) -> tuple[Streaming, Streaming]:
    """Blocks in turn until both have the samples and the seconds that were asked for, in whole passes."""
    both = (Streaming(Waiting(pids[0])), Streaming(Waiting(pids[1])))
    turns = blocks(images)
    while min(each.share(min_seconds) for each in both) < 1.0:
        for side, block in islice(turns, blocks_per_pass(images)):
            with both[1 - side].waiting.watched():
                both[side].add(phase.ask(side, Stream(block, query), Streamed))
            done = len(both[side].samples)
            phase.report(min(each.share(min_seconds) for each in both), side, done, max(done, MIN_SAMPLES))
    return both
