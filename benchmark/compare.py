"""The Arena: two models, the same images, one verdict."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from benchmark.battle import Battle, Question, Side
from benchmark.comparison import Comparison
from benchmark.decoding import Examiner
from benchmark.errors import GpuOutOfMemory, InvalidOptions, OutOfMemory, WeightsNotFetched
from benchmark.measure.countries import check_country
from benchmark.measure.pool import HostPool
from benchmark.models.catalogue import Catalogue
from benchmark.models.family import Recipe, load_model
from benchmark.models.runtime import RUNTIMES, TORCH
from benchmark.models.state import require_ready
from benchmark.options import Options
from benchmark.progress import Progress, Reporter
from benchmark.selection import Entries, Intake
from benchmark.settings import BenchmarkSettings

OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


class Arena:
    """Compares models, and keeps their Hosts warm in between. Close it, or use it as a context manager."""

    def __init__(
        self,
        catalogue: Catalogue,
        weights_dirs: Sequence[Path] = (),
        settings: BenchmarkSettings | None = None,
    ) -> None:
        """Raises UnknownCountry."""
        self._catalogue = catalogue
        self._weights_dirs = tuple(weights_dirs)
        self._settings = settings or BenchmarkSettings()
        check_country(self._settings.country)
        self._pool = HostPool(
            self._settings.max_hosts, self._settings.threads, self._settings.pool_memory_mb, self._settings.arenas
        )
        self._examiner = Examiner(max_pixels=self._settings.max_pixels)
        self._lock = threading.Lock()
        #: Whether Hosts that had no part in the last comparison were kept warm beside it.
        self._crowded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End all Hosts. Waits for a comparison that is under way."""
        with self._lock:
            self._pool.close()
            self._examiner.close()

    def end_idle(self) -> None:
        """End the Hosts that are kept warm, as after a fault of the GPU that they share. Waits as `close` does."""
        with self._lock:
            self._pool.end_idle()

    def compare(
        self,
        model_a: str,
        model_b: str,
        images: "Entries | Future[Entries]",
        options: Options | None = None,
        on_progress: OnProgress | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Comparison:
        """Run both models on the images and judge. One comparison at a time; others wait.

        Images in a Future may still be on their way, and the models are loaded meanwhile; what the Future raises is
        raised here. An image that cannot be used is left out for both models, up to a share that the settings say.
        `on_progress` is called from this thread, at most once a second except where the phase changes.
        `should_stop` is asked about ten times a second; it must be quick.
        Raises a BenchmarkError: an InputError or SetupError before any model is loaded, a HostError where a model's
        process failed (the next comparison gets a new one), Cancelled where `should_stop` said so.
        """
        sides = self._sides(model_a, model_b)
        self._check_time(options or Options())
        intake = Intake(_future(images), self._examiner, self._settings.max_left_out)
        question = Question(
            intake=intake,
            options=options or Options(),
            settings=self._settings,
            reporter=Reporter(on_progress),
            should_stop=lambda: intake.failed or bool(should_stop and should_stop()),
            device=self._settings.device,
        )
        with self._lock:
            return self._compare(sides, question)

    def _check_time(self, options: Options) -> None:
        """Before, rather than after that time."""
        limit_s = self._settings.phase_timeout_s
        for name, seconds in (
            ("min_seconds", 2 * options.min_seconds),
            ("windows × window_seconds", 2 * options.windows * options.window_seconds),
        ):
            if seconds >= limit_s:
                raise InvalidOptions(
                    f"{name} asks for {seconds:g} s for both models, but a phase may take {limit_s:g} s. Ask for less, "
                    "or allow it more time."
                )

    def _compare(self, sides: Sequence[Side], question: Question) -> Comparison:
        """On the device of the question; on the processor where a GPU's memory does not do and the options allow it."""
        try:
            return self._uncrowded(sides, question)
        except GpuOutOfMemory as error:
            if not question.options.cpu_fallback or question.device == "cpu":
                raise
            reason = str(error)
        # Both, or a processor would be held against a GPU.
        self._pool.end_idle()
        return self._battle(sides, replace(question, device="cpu", fallback=reason))

    def _uncrowded(self, sides: Sequence[Side], question: Question) -> Comparison:
        """Once more where Hosts that are only kept warm may have taken the memory."""
        try:
            return self._battle(sides, question)
        except OutOfMemory:
            if not self._crowded:
                raise
        self._pool.end_idle()
        return self._battle(sides, question)

    def _battle(self, sides: Sequence[Side], question: Question) -> Comparison:
        hosts = self._pool.take([(side.model_id, (*side.key, question.device)) for side in sides])
        bystanders = self._pool.idle_pids
        self._crowded = bool(bystanders)
        try:
            return Battle(sides, hosts, question, bystanders).run()
        finally:
            self._pool.give_back(hosts)

    def _sides(self, model_a: str, model_b: str) -> list[Side]:
        """What no download would mend is said first, or people download in vain."""
        try:
            return [self._side(model_a), self._side(model_b)]
        except WeightsNotFetched:
            with suppress(WeightsNotFetched):
                self._side(model_b)
            raise

    def _side(self, model_id: str) -> Side:
        entry = self._catalogue.detector(model_id)
        family, weights = require_ready(entry, self._weights_dirs, self._settings.device)
        runtime = RUNTIMES[entry.runtime or TORCH]
        recipe = Recipe(
            model_id=entry.id,
            weights=weights.path,
            input_size=entry.input_size,
            classes=dict(entry.classes),
            weights_sha256=weights.sha256,
            runtime=runtime.name,
            exports=self._settings.exports_dir,
            export_timeout_s=self._settings.export_timeout_s,
            parameters=dict(entry.parameters),
        )
        export_timeout_s = self._settings.export_timeout_s if runtime.takes_time else 0.0
        return Side(entry.id, weights.sha256, partial(load_model, family.module, recipe), export_timeout_s)


def compare(
    model_a: str,
    model_b: str,
    images: "Entries | Future[Entries]",
    catalogue: Catalogue,
    options: Options | None = None,
    weights_dirs: Sequence[Path] = (),
    settings: BenchmarkSettings | None = None,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Comparison:
    """One comparison, with Hosts that end with it. Raises as Arena and its `compare`."""
    with Arena(catalogue, weights_dirs, settings) as arena:
        return arena.compare(model_a, model_b, images, options, on_progress, should_stop)


def _future(images: "Entries | Future[Entries]") -> "Future[Entries]":
    if isinstance(images, Future):
        return images
    here: Future[Entries] = Future()
    here.set_result(images)
    return here
