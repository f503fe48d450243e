"""A comparison of two simulated models: the real phases and the real verdict, with Hosts that only do as if."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, cast

import numpy as np

from benchmark import Detection, Options
from benchmark.evidence import Evidence
from benchmark.measure.messages import (
    Detected,
    Energy,
    Loaded,
    Memory,
    Offline,
    Sample,
    Stream,
    Streamed,
    Swept,
    Window,
)
from benchmark.model import ModelInfo, Query
from benchmark.phase import Phase
from benchmark.streaming import MIN_SAMPLES, stream_in_turns
from benchmark.verdict import Verdict, judge
from benchmark.windows import windows_in_turns
from tests.bench.measurement.simulated_machine import Machine
from tests.bench.measurement.simulated_model import Scenes, SimulatedModel

_QUERY = Query(0.25, ("car",))
_CAR = Detection((0.0, 0.0, 5.0, 5.0), 0.9, "car")
_DECODE_MS = 4.0
_KG_PER_JOULE = 1e-7
_BATCH_SIZE = 8


class SimulatedPhase:
    """Answers for both Hosts, as a Phase does."""

    silence_s = 60.0

    def __init__(
        self, models: Sequence[SimulatedModel], scenes: Scenes, machine: Machine, random: np.random.Generator
    ) -> None:
        self._models, self._scenes, self._machine, self._random = models, scenes, machine, random
        self._process = [float(np.exp(random.normal(0, model.process_spread))) for model in models]

    def report(self, *progress: Any) -> None:
        """Nobody watches."""

    def ask(self, side: int, command: Any, expected: type, *patience: Any, **silence: Any) -> Any:
        if isinstance(command, Stream):
            return Streamed(tuple(self._sample(side, image) for image in command.images))
        if isinstance(command, Offline):
            return self._window(side, command)
        return Swept(_BATCH_SIZE)

    def ask_both(self, command: Any, expected: type) -> list[Any]:
        """To forget the peaks of memory, which are not simulated."""
        return [expected(), expected()]

    def _sample(self, side: int, image: int) -> Sample:
        return Sample(image, self._machine.run(_DECODE_MS), 0.0, self.predict_ms(side, image), 0.0)

    def predict_ms(self, side: int, image: int) -> float:
        model = self._models[side]
        spike = self._random.uniform(1, 3) if self._random.random() < model.spikes else 1.0
        noise = spike * float(np.exp(self._random.normal(0, model.noise)))
        return self._machine.run(model.predict_ms * self._process[side] * float(self._scenes.work[image]) * noise)

    def _window(self, side: int, command: Offline) -> Window:
        model = self._models[side]
        noise = np.exp(self._random.normal(0, 0.01, 2))
        per_image_s = self._machine.run(command.seconds * 1e3) / command.seconds / 1e3
        per_image_s *= float(0.7e-3 * model.predict_ms * self._process[side] * noise[0])
        images = round(command.seconds / per_image_s)
        seconds = images * per_image_s
        joules = float(model.watts * seconds * noise[1])
        return Window(_BATCH_SIZE, images, seconds, 8, Energy(joules, "nvml", joules * _KG_PER_JOULE, {}))


@dataclass
class SimulatedComparison:
    """Everything of it follows from the seed."""

    models: tuple[SimulatedModel, SimulatedModel]
    seed: int
    images: int = 48
    drift: str = "none"
    #: Whether both are one model under two names, which finds the same in each image.
    itself: bool = False

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._scenes = Scenes.drawn(self.images, self._random)
        self._machine = Machine(self.drift, self._random)
        self._phase = SimulatedPhase(self.models, self._scenes, self._machine, self._random)

    def verdict(self, options: Options | None = None) -> Verdict:
        options = options or Options()
        phase = cast(Phase, self._phase)
        self._machine.begin(self._stream_s(options))
        streamed = stream_in_turns(phase, [os.getpid()] * 2, self.images, _QUERY, options.min_seconds)
        self._machine.begin(2 * options.windows * options.window_seconds)
        windows = windows_in_turns(phase, options, _QUERY, 1.0)
        counts: list[list[int]] = [self._scenes.counts(model, self._random).tolist() for model in self.models]
        contenders = [
            self._evidence(model, found, streaming.samples, of_side, options).contender()
            for model, found, streaming, of_side in zip(
                self.models,
                [counts[0], counts[0]] if self.itself else counts,
                streamed,
                (windows.of_a, windows.of_b),
                strict=True,
            )
        ]
        return judge(contenders[0], contenders[1], options.weights, options.seed)

    def sequential_ratio(self, samples: int) -> float:
        """Of the medians of all times of a and then all of b, timed one model after the other."""
        self._machine.begin(2e-3 * samples * self._mean_ms)
        images = [number % self.images for number in range(samples)]
        of_a, of_b = ([self._phase.predict_ms(side, image) for image in images] for side in (0, 1))
        return median(of_a) / median(of_b)

    @property
    def _mean_ms(self) -> float:
        return float(np.mean([model.predict_ms for model in self.models]))

    def _stream_s(self, options: Options) -> float:
        """About how long single stream takes: the samples of whole passes."""
        sample_s = (self._mean_ms + _DECODE_MS) / 1e3
        passes = np.ceil(max(MIN_SAMPLES, options.min_seconds / sample_s) / self.images)
        return float(2 * passes * self.images * sample_s)

    def _evidence(
        self,
        model: SimulatedModel,
        counts: Sequence[int],
        samples: Sequence[Sample],
        windows: Sequence[Window],
        options: Options,
    ) -> Evidence:
        memory_mb = model.memory_mb * float(np.exp(self._random.normal(0, 0.01)))
        return Evidence(
            model_id=model.model_id,
            weights_sha256="0" * 64,
            options=options,
            truth=self._scenes.labelled(),
            indices=range(len(counts)),
            sizes=[(9, 9)] * self.images,
            loaded=Loaded(ModelInfo(7, "fp32", "cpu", ("car",)), 1.0, None, None, 1),
            detected=Detected(tuple((_CAR,) * int(count) for count in counts), True),
            samples=samples,
            changed_images=frozenset(),
            windows=windows,
            memory=Memory(memory_mb),
            sampled_mb=memory_mb,
            by_boxes=False,
        )
