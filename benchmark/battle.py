"""One comparison from its first phase to its last."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmark.comparison import Comparison
from benchmark.doubts import result_warnings
from benchmark.errors import Cancelled
from benchmark.evidence import Evidence, have_boxes
from benchmark.measure.host import Host
from benchmark.measure.machine_memory import machine_memory_mb
from benchmark.measure.machine_state import machine_state
from benchmark.measure.messages import (
    Beat,
    Detect,
    Detected,
    Idle,
    Load,
    Loaded,
    MeasureIdle,
    MeasureMemory,
    Memory,
    Open,
    Opened,
)
from benchmark.measure.other_load import OtherLoad
from benchmark.model import Loader, Query
from benchmark.options import Options
from benchmark.phase import Limits, Phase
from benchmark.progress import Reporter
from benchmark.record import AP_CONFIDENCE, Record, images_sha256
from benchmark.resampling import Contender
from benchmark.selection import Intake, Selection
from benchmark.settings import BenchmarkSettings
from benchmark.streaming import Streaming, stream_in_turns
from benchmark.verdict import judge
from benchmark.windows import Windows, windows_in_turns

#: Seconds that the warm-up may go on until times settle.
_SETTLE_SECONDS = 1.0
#: Seconds for which the machine's idle power is measured.
_IDLE_SECONDS = 2.0
#: Share of the machine's memory that one Host may take: the kernel must not come to choose what to kill.
_MEMORY_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two models."""

    model_id: str
    weights_sha256: str
    loader: Loader
    #: Seconds that loading may take beyond the settings' time, for exporting or compiling.
    export_timeout_s: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """Same key, same model: a warm Host with it can be used again."""
        return (self.model_id, self.weights_sha256, repr(self.loader))


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be compared, and how."""

    intake: Intake
    options: Options
    settings: BenchmarkSettings
    reporter: Reporter
    should_stop: Callable[[], bool]
    #: `auto`, `cpu` or `cuda:0`.
    device: str
    #: Why that is not the device that was asked for.
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What came of the phases, of A and then of B."""

    selection: Selection
    images_sha256: str
    loaded: Sequence[Loaded]
    detected: Sequence[Detected]
    streaming: Sequence[Streaming]
    idle: Idle
    windows: Windows
    memory: Sequence[Memory]
    machine_states: Mapping[str, Mapping[str, Any]]
    other_load_cores: float | None


class Battle:
    """Takes two Hosts through all phases."""

    def __init__(
        self, sides: Sequence[Side], hosts: Sequence[Host], question: Question, idle_pids: Sequence[int] = ()
    ) -> None:
        """`idle_pids` are Hosts of ours that have no part in this."""
        self._pids = [*(host.pid for host in hosts), *idle_pids]
        self._sides, self._hosts, self._question = sides, hosts, question
        settings = question.settings
        memory_mb = settings.host_memory_mb or _MEMORY_SHARE * machine_memory_mb() / settings.arenas
        self._limits = Limits(settings.silence_timeout_s, memory_mb, question.should_stop)
        self._phase_s: dict[str, float] = {}
        self._query = Query(question.options.confidence, question.options.classes)

    def run(self) -> Comparison:
        """Raises a BenchmarkError; the Hosts may then still be busy."""
        started_at, start = datetime.now(UTC), time.perf_counter()
        seen = self._see()
        with self._phase("score") as phase:
            evidence, sources_differ = _with_one_source(self._evidence(seen))
            a, b = (self._contender(phase, each) for each in evidence)
            verdict = judge(a, b, self._question.options.weights, self._question.options.seed)
            phase.report(1.0)
        record = self._record(seen, started_at, time.perf_counter() - start, sources_differ)
        return Comparison(
            model_a_id=a.model_id,
            model_b_id=b.model_id,
            model_a_metrics=a.metrics,
            model_b_metrics=b.metrics,
            verdict=verdict,
            agreement=(agreement := evidence[0].agreement_with(evidence[1])),
            warnings=result_warnings(evidence, record, agreement),
            environment=record.environment(evidence),
            images=[*evidence[0].image_results("a"), *evidence[1].image_results("b")],
        )

    def _see(self) -> _Seen:
        """All phases in which models run."""
        with self._phase("load") as phase:
            loaded, selection = self._load_both(phase)
            phase.ask_both(Open(selection.pictures), Opened)
            sha256 = images_sha256(selection.images)
        with self._phase("warm_up") as phase:
            detected = [self._detect(phase, side) for side in (0, 1)]
        before = machine_state(self._pids)
        with OtherLoad(self._pids) as others:
            with self._phase("single_stream") as phase:
                streaming = self._stream(phase, len(selection.images))
            with self._phase("offline") as phase:
                idle = phase.ask(0, MeasureIdle(_IDLE_SECONDS), Idle)
                windows = self._windows(phase, streaming)
                memory = phase.ask_both(MeasureMemory(), Memory)
        states = {"before": before, "after": machine_state(self._pids)}
        return _Seen(selection, sha256, loaded, detected, streaming, idle, windows, memory, states, others.cores)

    @contextmanager
    def _phase(self, name: str) -> Iterator[Phase]:
        models = [side.model_id for side in self._sides]
        phase = Phase(
            name, self._question.settings.phase_timeout_s, self._hosts, models, self._limits, self._question.reporter
        )
        yield phase
        self._phase_s[name] = phase.seconds

    def _load_both(self, phase: Phase) -> tuple[list[Loaded], Selection]:
        """The models, while images are still on their way; images that are here are examined first, which is quick."""
        intake, should_stop = self._question.intake, self._limits.should_stop
        if intake.here:
            intake.selection(should_stop)
        try:
            loaded = [self._load(phase, side) for side in (0, 1)]
        except Cancelled:
            if intake.failed:
                intake.selection(should_stop)  # raises why
            raise
        return loaded, intake.selection(should_stop)

    def _load(self, phase: Phase, side: int) -> Loaded:
        """One at a time, or each would be as slow as both."""
        phase.report(0.1 + 0.45 * side, side)
        settings = self._question.settings
        command = Load(self._sides[side].loader, self._question.device, settings.country)
        patience_s = settings.load_timeout_s + self._sides[side].export_timeout_s
        return phase.ask(side, command, Loaded, silence_s=patience_s)

    def _detect(self, phase: Phase, side: int) -> Detected:
        options = self._question.options
        command = Detect(Query(AP_CONFIDENCE, options.classes), _SETTLE_SECONDS, options.seed)

        def report(beat: Beat) -> None:
            phase.report((side + min(1.0, beat.done / beat.total)) / 2, side, int(beat.done), int(beat.total))

        return phase.ask(side, command, Detected, report)

    def _stream(self, phase: Phase, images: int) -> tuple[Streaming, Streaming]:
        return stream_in_turns(phase, self._pids[:2], images, self._query, self._question.options.min_seconds)

    def _windows(self, phase: Phase, streaming: Sequence[Streaming]) -> Windows:
        slowest_s = max(sample.total_ms for each in streaming for sample in each.samples) / 1e3
        return windows_in_turns(phase, self._question.options, self._query, slowest_s)

    def _evidence(self, seen: _Seen) -> list[Evidence]:
        by_boxes = have_boxes(seen.selection.images) and all(each.model.count_basis == "boxes" for each in seen.loaded)
        return [
            Evidence(
                model_id=side.model_id,
                weights_sha256=side.weights_sha256,
                options=self._question.options,
                truth=seen.selection.images,
                indices=seen.selection.indices,
                sizes=seen.selection.sizes,
                loaded=seen.loaded[number],
                detected=seen.detected[number],
                samples=seen.streaming[number].samples,
                changed_images=frozenset(seen.streaming[number].changed),
                windows=(seen.windows.of_a, seen.windows.of_b)[number],
                memory=seen.memory[number],
                sampled_mb=self._hosts[number].sampled_peak_mb,
                by_boxes=by_boxes,
            )
            for number, side in enumerate(self._sides)
        ]

    @staticmethod
    def _contender(phase: Phase, evidence: Evidence) -> Contender:
        phase.check()
        return evidence.contender()

    def _record(self, seen: _Seen, started_at: datetime, duration_s: float, sources_differ: bool) -> Record:
        return Record(
            options=self._question.options,
            country=self._question.settings.country,
            started_at=started_at,
            duration_s=duration_s,
            phase_s=self._phase_s,
            machine_states=seen.machine_states,
            other_load_cores=seen.other_load_cores,
            waiting_cores=tuple(each.waiting.cores for each in seen.streaming),
            idle=seen.idle,
            wanted_batch_size=seen.windows.wanted_batch_size,
            batch_size=seen.windows.batch_size,
            batch_limited_by_memory=seen.windows.limited_by_memory,
            energy_sources_differ=sources_differ,
            images_sha256=seen.images_sha256,
            left_out=seen.selection.left_out,
            fallback=self._question.fallback,
        )


def _with_one_source(evidence: list[Evidence]) -> tuple[list[Evidence], bool]:
    """Energy of two sources cannot be compared, so then neither is stated; and whether that was so."""
    sources = {each.energy_source for each in evidence} - {None}
    if len(sources) < 2:
        return evidence, False
    return [each.without_energy() for each in evidence], True
