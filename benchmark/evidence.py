"""Everything that was observed of one model in one comparison, and the metrics that follow from it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np

from benchmark.box_agreement import BoxAgreement, box_agreement
from benchmark.comparison import ImageResult
from benchmark.detection import Detection
from benchmark.labelled_image import LabelledImage
from benchmark.measure.messages import Detected, Energy, Loaded, Memory, Sample, Window
from benchmark.metrics.average_precision import AveragePrecision, average_precision
from benchmark.metrics.counts import count_accuracies, count_scores
from benchmark.metrics.green import green_score
from benchmark.metrics.matches import Matches, box_matches, count_matches
from benchmark.metrics.percentiles import percentile
from benchmark.options import Options
from benchmark.resampling import Array, Contender

#: Times of single predictions that go into the result.
_MOST_TIMES = 1000


@dataclass(frozen=True)  # no slots, for the cached properties
class Evidence:
    """What the Host reported of one model, beside what is true."""

    model_id: str
    weights_sha256: str
    options: Options
    truth: Sequence[LabelledImage]
    #: Position of each image in the job's images, from 0.
    indices: Sequence[int]
    #: (width, height) of each image, in pixels.
    sizes: Sequence[tuple[int, int]]
    loaded: Loaded
    #: Of each image, those of low score too.
    detected: Detected
    samples: Sequence[Sample]
    #: Images in which it found something else when it saw them again.
    changed_images: frozenset[int]
    #: Of each offline window, all with the same batch size.
    windows: Sequence[Window]
    memory: Memory
    #: Highest resident memory that the parent saw, in MiB.
    sampled_mb: float
    #: Whether F1 goes by boxes: all images and both models have some, or one model's F1 would be of another kind.
    by_boxes: bool

    def contender(self) -> Contender:
        """What the verdict needs."""
        return Contender(
            model_id=self.model_id,
            metrics=self.metrics,
            accuracies=count_accuracies(self._counts, self._true_counts),
            exact=np.equal(self._counts, self._true_counts),
            count_errors=np.abs(np.subtract(self._counts, self._true_counts)).astype(float),
            predict_ms=self._times_by_pass(sample.predict_ms for sample in self.samples),
            total_ms=self._times_by_pass(sample.total_ms for sample in self.samples),
            matches=tuple(self._matches),
            rates_fps=np.array(self._rates_fps),
            energies_j=self._window_energies(),
        )

    def image_results(self, side: str) -> list[ImageResult]:
        """One for each image; `side` is `a` or `b`."""
        latencies = np.median(self._times_by_pass(sample.total_ms for sample in self.samples), axis=0).tolist()
        return [
            ImageResult(side, self.model_id, index, image.image_path, image.car_count, len(found), latency, found)
            for index, image, found, latency in zip(self.indices, self.truth, self.counted, latencies, strict=True)
        ]

    @property
    def is_estimate(self) -> bool:
        """Whether it counts without finding boxes."""
        return self.loaded.model.count_basis != "boxes"

    @property
    def confidence(self) -> float:
        """Score above which it counts: its own threshold where it has one, else that of the job."""
        own = self.loaded.model.confidence
        return self.options.confidence if own is None else own

    def agreement_with(self, other: "Evidence") -> BoxAgreement | None:
        """Whether both found the same; None unless they are two models with the same weights."""
        if self.model_id == other.model_id or self.weights_sha256 != other.weights_sha256:
            return None
        return box_agreement(self.counted, other.counted, self.confidence)

    @property
    def changed_in_batches(self) -> frozenset[int]:
        """Images in which it found something else when it saw them in a batch."""
        return frozenset(index for window in self.windows for index in window.changed)

    @property
    def energy_source(self) -> str | None:
        """That of all windows; None where energy was not measured."""
        return self._energies[0].source

    def without_energy(self) -> "Evidence":
        """The same, as if energy had not been measured."""
        return replace(self, windows=[replace(window, energy=Energy()) for window in self.windows])

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`model_x_metrics` of the result; names carry their units, shares are 0–1, None is not measured."""
        scores, times = self._score_metrics(), self._time_metrics()
        return scores | times | self._offline_metrics(scores["accuracy"], times["speed_ms"]) | self._model_metrics()

    def _score_metrics(self) -> dict[str, Any]:
        counts = count_scores(self._counts, self._true_counts)
        total = sum(self._matches, Matches(0, 0, 0))
        precision = self._average_precision()
        return {
            "accuracy": counts.accuracy,
            "exact_count": float(np.mean(np.equal(self._counts, self._true_counts))),
            "count_mae": counts.mae,
            "count_rmse": counts.rmse,
            "count_bias": counts.bias,
            "count_basis": self.loaded.model.count_basis,
            "estimate": self.is_estimate,
            "f1_score": total.f1,
            "f1_basis": "boxes" if self.by_boxes else "counts",
            "precision": total.precision,
            "recall": total.recall,
            "ap50": precision.ap50,
            "ap50_95": precision.ap50_95,
            "confidence_threshold": self.confidence,
            "calibrated_on": self.loaded.model.calibrated_on,
        }

    def _time_metrics(self) -> dict[str, Any]:
        totals = [sample.total_ms for sample in self.samples]
        p90 = percentile(totals, 90)
        return {
            "speed_ms": median(sample.predict_ms for sample in self.samples),
            "latency_ms": p90,
            "p50_ms": percentile(totals, 50),
            "p90_ms": p90,
            "p99_ms": percentile(totals, 99),
            "samples": len(self.samples),
            "latencies_ms": _thinned(totals),
            "decode_ms": median(sample.decode_ms for sample in self.samples),
            "preprocess_ms": median(sample.preprocess_ms for sample in self.samples),
            "inference_ms": median(sample.inference_ms for sample in self.samples),
            "postprocess_ms": median(sample.postprocess_ms for sample in self.samples),
        }

    def _offline_metrics(self, accuracy: float, speed_ms: float) -> dict[str, Any]:
        rates = self._rates_fps
        images = sum(window.images for window in self.windows)
        carbon_kg = _sum_all(energy.carbon_kg for energy in self._energies)
        per_image_kg = None if carbon_kg is None else carbon_kg / images
        return {
            "throughput_fps": median(rates),
            "throughput_min_fps": min(rates),
            "throughput_max_fps": max(rates),
            "throughput_windows_fps": [round(rate, 3) for rate in rates],
            "batch_size": self.windows[0].batch_size,
            "images_measured": images,
            "carbon_emissions": carbon_kg,
            "carbon_g_per_1k_images": None if per_image_kg is None else per_image_kg * 1e6,
            "energy_source": self.energy_source,
            "green_score": green_score(accuracy, per_image_kg, speed_ms / 1e3),
        } | self._energy_per_image(images)

    @cached_property
    def _rates_fps(self) -> list[float]:
        return [window.images / window.seconds for window in self.windows]

    @cached_property
    def _energies(self) -> list[Energy]:
        """Of each window; all unmeasured where they have no source in common, for such figures do not add up."""
        energies = [window.energy for window in self.windows]
        return energies if len({energy.source for energy in energies}) == 1 else [Energy()] * len(energies)

    def _window_energies(self) -> Array:
        """J per image of each window; empty where one was not measured."""
        joules = [energy.joules for energy in self._energies]
        if None in joules:
            return np.array([], float)
        return np.array(joules, float) / [window.images for window in self.windows]

    def _energy_per_image(self, images: int) -> dict[str, Any]:
        energies = self._energies
        joules = _sum_all(energy.joules for energy in energies)
        parts = {part: _sum_all(energy.parts.get(part) for energy in energies) for part in ("cpu", "gpu", "ram")}
        return {"energy_j_per_image": None if joules is None else joules / images} | {
            f"energy_{part}_j_per_image": None if total is None else total / images for part, total in parts.items()
        }

    def _model_metrics(self) -> dict[str, Any]:
        # Where the kernel's own peak cannot be had, what was seen of it from outside is the next best.
        peak_mb = self.sampled_mb if self.memory.resident_mb is None else self.memory.resident_mb
        return {
            "memory_mb": peak_mb,
            "memory_sampled_mb": self.sampled_mb,
            "memory_max_rss_mb": self.memory.max_rss_mb,
            "memory_above_empty_mb": _above(peak_mb, self.memory.empty_mb),
            "gpu_memory_mb": self.memory.gpu_reserved_mb,
            "gpu_memory_allocated_mb": self.memory.gpu_allocated_mb,
            "gpu_memory_process_mb": self.memory.gpu_process_mb,
            "load_s": self.loaded.load_s,
            "export_s": self.loaded.model.export_s,
            "runtime": self.loaded.model.runtime,
            "runtime_version": self.loaded.model.runtime_version,
            "parameters": self.loaded.model.parameters,
            "numeric_precision": self.loaded.model.precision,
            "device": self.loaded.model.device,
            "input_size": self.loaded.model.input_size,
            "nms_iou": self.loaded.model.nms_iou,
            "weights_sha256": self.weights_sha256,
        }

    @cached_property
    def counted(self) -> list[tuple[Detection, ...]]:
        """Detections of each image that are above the threshold."""
        return [tuple(each for each in found if each.score > self.confidence) for found in self.detected.detections]

    @cached_property
    def _counts(self) -> list[int]:
        return [len(found) for found in self.counted]

    @cached_property
    def _true_counts(self) -> list[int]:
        return [image.car_count for image in self.truth]

    @cached_property
    def _matches(self) -> list[Matches]:
        if not self.by_boxes:
            return [count_matches(*pair) for pair in zip(self._counts, self._true_counts, strict=True)]
        return [
            box_matches(found, image.truth_boxes or ()) for found, image in zip(self.counted, self.truth, strict=True)
        ]

    def _average_precision(self) -> AveragePrecision:
        if self.is_estimate or not have_boxes(self.truth):
            return AveragePrecision(None, None)
        return average_precision(
            self.detected.detections, [image.truth_boxes or () for image in self.truth], self.sizes
        )

    def _times_by_pass(self, times_ms: Iterable[float]) -> Array:
        """Of shape (passes, images): the nth time that each image was seen is its nth pass."""
        by_image: dict[int, list[float]] = {}
        for sample, time_ms in zip(self.samples, times_ms, strict=True):
            by_image.setdefault(sample.image, []).append(time_ms)
        return np.array([by_image[index] for index in range(len(self.truth))]).T


def have_boxes(truth: Sequence[LabelledImage]) -> bool:
    """Whether the boxes of all images are known."""
    return all(image.truth_boxes is not None for image in truth)


def _above(peak_mb: float, empty_mb: float | None) -> float | None:
    return None if empty_mb is None else max(0.0, peak_mb - empty_mb)


def _thinned(times_ms: Sequence[float]) -> list[float]:
    """In the order they were measured; of more than _MOST_TIMES evenly spread ones, for a row has to stay small."""
    step = max(1, math.ceil(len(times_ms) / _MOST_TIMES))
    return [round(time_ms, 2) for time_ms in times_ms[::step]]


def _sum_all(values: Iterable[float | None]) -> float | None:
    """None as soon as one of them was not measured."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
