"""One comparison from its first phase to its last."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from benchmark.comparison import Comparison
from benchmark.evidence import Evidence
from benchmark.interleaving import blocks, blocks_per_pass
from benchmark.labelled_image import LabelledImage
from benchmark.measure.environment import describe_machine, load_average
from benchmark.measure.host import Host, Watch, ask, ask_all
from benchmark.measure.messages import (
    Beat,
    Command,
    Detect,
    Detected,
    Load,
    Loaded,
    MeasureMemory,
    Memory,
    Offline,
    Open,
    Opened,
    Picture,
    Reply,
    Sample,
    Stream,
    Streamed,
    Sweep,
    Swept,
    Window,
)
from benchmark.metrics.matches import MATCH_IOU
from benchmark.model import Loader, Query
from benchmark.options import Options
from benchmark.progress import Progress, Reporter
from benchmark.settings import BenchmarkSettings
from benchmark.verdict import judge

#: Score from which detections enter the average precision; that of `yolo val`.
AP_CONFIDENCE = 0.001
#: Single-stream samples of a model, at least: what a p90 at 99 % confidence takes.
MIN_SAMPLES = 64
#: Seconds that the warm-up may go on until times settle.
_SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two models."""

    model_id: str
    weights_sha256: str
    loader: Loader

    @property
    def key(self) -> tuple[str, str, str]:
        """Same key, same model: a warm Host with it can be used again."""
        return (self.model_id, self.weights_sha256, repr(self.loader))


@dataclass(slots=True)
class _Observed:
    """What one Host reported so far."""

    samples: list[Sample] = field(default_factory=list)
    busy_s: float = 0.0


class Battle:
    """Takes two Hosts through all phases."""

    def __init__(
        self,
        sides: Sequence[Side],
        hosts: Sequence[Host],
        images: Sequence[LabelledImage],
        options: Options,
        settings: BenchmarkSettings,
        on_progress: Callable[[Progress], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self._sides = sides
        self._hosts = hosts
        self._images = images
        self._options = options
        self._settings = settings
        self._reporter = Reporter(on_progress)
        self._should_stop = should_stop or (lambda: False)
        self._phase_s: dict[str, float] = {}
        self._query = Query(options.confidence, options.classes)

    def run(self) -> Comparison:
        """Raises a BenchmarkError; the Hosts may then still be busy."""
        started_at, start = datetime.now(UTC), time.perf_counter()
        load_before = load_average()
        a, b = self._observe()
        with self._phase("score"):
            side_a, side_b = a.contender(), b.contender()
            verdict = judge(side_a, side_b, self._options.weights, self._options.seed)
        self._reporter.report("score", 1.0)
        return Comparison(
            model_a_id=a.model_id,
            model_b_id=b.model_id,
            model_a_metrics=side_a.metrics,
            model_b_metrics=side_b.metrics,
            verdict=verdict,
            environment=self._environment([a, b])
            | {
                "started_at": started_at.isoformat(),
                "duration_s": round(time.perf_counter() - start, 3),
                "load_average": {"before": load_before, "after": load_average()},
            },
            images=[*a.image_results("a"), *b.image_results("b")],
        )

    def _observe(self) -> list[Evidence]:
        """All phases in which models run; what came of them, for A and B."""
        with self._phase("load"):
            sizes = self._open()
            loaded = self._load()
        with self._phase("warm_up"):
            detected = [self._detect(number) for number in (0, 1)]
        with self._phase("single_stream"):
            samples = self._single_stream()
        with self._phase("offline"):
            windows = self._offline()
            memory = cast(list[Memory], ask_all([(host, MeasureMemory()) for host in self._hosts], self._watch()))
        return [
            Evidence(
                model_id=side.model_id,
                weights_sha256=side.weights_sha256,
                options=self._options,
                truth=self._images,
                sizes=sizes,
                loaded=loaded[number],
                detected=detected[number],
                samples=samples[number],
                windows=windows[number],
                memory=memory[number],
            )
            for number, side in enumerate(self._sides)
        ]

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self._reporter.report(name, 0.0)
        start = time.perf_counter()
        yield
        self._phase_s[name] = round(time.perf_counter() - start, 3)

    def _watch(self, on_beat: Callable[[Host, Beat], None] | None = None, limit_s: float | None = None) -> Watch:
        silence_s = limit_s or self._settings.silence_timeout_s
        return Watch(silence_s, self._should_stop, on_beat or (lambda host, beat: None))

    def _ask(self, number: int, command: Command, watch: Watch) -> Reply:
        return ask(self._hosts[number], command, watch)

    def _open(self) -> Sequence[tuple[int, int]]:
        """Both Hosts read all images, and complain before either loads a model."""
        command = Open(
            tuple(Picture(image.path.absolute(), image.image_path, image.truth_boxes or ()) for image in self._images)
        )
        opened = cast(list[Opened], ask_all([(host, command) for host in self._hosts], self._watch()))
        return opened[0].sizes

    def _load(self) -> list[Loaded]:
        requests: list[tuple[Host, Command]] = [
            (host, Load(side.loader, self._settings.device, self._settings.country))
            for host, side in zip(self._hosts, self._sides, strict=True)
        ]
        return cast(list[Loaded], ask_all(requests, self._watch(limit_s=self._settings.load_timeout_s)))

    def _detect(self, number: int) -> Detected:
        command = Detect(Query(AP_CONFIDENCE, self._options.classes), _SETTLE_SECONDS, self._options.seed)
        return cast(Detected, self._ask(number, command, self._watch(self._beat("warm_up", number))))

    def _beat(self, phase: str, number: int) -> Callable[[Host, Beat], None]:
        """Passes a Host's progress on, where A and then B each do half of a phase."""

        def report(_: Host, beat: Beat) -> None:
            share = (number + min(1.0, beat.done / beat.total)) / 2
            self._reporter.report(phase, share, self._sides[number].model_id, int(beat.done), int(beat.total))

        return report

    def _single_stream(self) -> list[list[Sample]]:
        """Blocks in turn until both have the samples and the seconds that were asked for, in whole passes."""
        observed = [_Observed(), _Observed()]
        turns = blocks(len(self._images))
        while not all(self._enough(each) for each in observed):
            for side, images in islice(turns, blocks_per_pass(len(self._images))):
                self._stream_block(side, images, observed)
        return [each.samples for each in observed]

    def _enough(self, observed: _Observed) -> bool:
        return len(observed.samples) >= MIN_SAMPLES and observed.busy_s >= self._options.min_seconds

    def _stream_block(self, side: int, images: tuple[int, ...], observed: Sequence[_Observed]) -> None:
        reply = cast(Streamed, self._ask(side, Stream(images, self._query), self._watch()))
        observed[side].samples.extend(reply.samples)
        observed[side].busy_s += sum(sample.total_ms for sample in reply.samples) / 1e3
        share = min(self._share(each) for each in observed)
        done = len(observed[side].samples)
        self._reporter.report("single_stream", share, self._sides[side].model_id, done, max(done, MIN_SAMPLES))

    def _share(self, observed: _Observed) -> float:
        return min(observed.busy_s / self._options.min_seconds, len(observed.samples) / MIN_SAMPLES)

    def _offline(self) -> list[list[Window]]:
        """Windows in turn, A B B A, one model at a time.

        Both use the smaller of the two batch sizes found: a size that differs by a hair of noise would make energy and
        throughput differ by far more.
        """
        batch_size = self._options.batch_size or min(self._sweep(number) for number in (0, 1))
        windows: list[list[Window]] = [[], []]
        for turn in range(self._options.windows):
            for number in (0, 1) if turn % 2 == 0 else (1, 0):
                command = Offline(self._options.window_seconds, batch_size, self._query)
                watch = self._watch(self._window_beat(number, sum(map(len, windows))))
                windows[number].append(cast(Window, self._ask(number, command, watch)))
        return windows

    def _sweep(self, number: int) -> int:
        return cast(Swept, self._ask(number, Sweep(self._query), self._watch())).batch_size

    def _window_beat(self, number: int, finished: int) -> Callable[[Host, Beat], None]:
        total = 2 * self._options.windows

        def report(_: Host, beat: Beat) -> None:
            share = (finished + beat.done / beat.total) / total
            self._reporter.report("offline", share, self._sides[number].model_id, finished, total)

        return report

    def _environment(self, evidence: Sequence[Evidence]) -> dict[str, Any]:
        loaded = evidence[0].loaded
        return describe_machine() | {
            "gpu": {"name": loaded.gpu_name, "driver": loaded.gpu_driver} if loaded.gpu_name else None,
            "threads": [each.loaded.threads for each in evidence],
            "country": self._settings.country,
            "seed": self._options.seed,
            "options": self._options.as_dict(),
            "ap_confidence": AP_CONFIDENCE,
            "match_iou": MATCH_IOU,
            "images": len(self._images),
            "offline_images": evidence[0].windows[0].distinct_images,
            "settled": [each.detected.settled for each in evidence],
            "weights_sha256": {side.model_id: side.weights_sha256 for side in self._sides},
            "phase_s": dict(self._phase_s),
        }
