"""A result as an agent writes it, made up: 9 images, B slower and better at counting."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmark import Box, LabelledImage

Row = dict[str, Any]


def labelled_images(folder: Path, count: int = 9) -> list[LabelledImage]:
    """Grey photographs of 320×240 with a white car for each in their count, which goes 0, 1, 2, 3, 0, …"""
    images = []
    for index in range(count):
        pixels = np.full((240, 320, 3), 96, np.uint8)
        boxes = true_boxes(index % 4)
        for x1, y1, x2, y2 in boxes:
            pixels[int(y1) : int(y2), int(x1) : int(x2)] = 255
        path = folder / f"{index:03}.jpg"
        cv2.imwrite(str(path), pixels)
        images.append(LabelledImage(path, f"street/{index:03}.jpg", len(boxes), boxes, f"view {index}"))
    return images


def true_boxes(count: int) -> tuple[Box, ...]:
    return tuple((20.0 + 100 * each, 60.0, 100.0 + 100 * each, 160.0) for each in range(count))


def entry(a: float | None, b: float | None, winner: str | None = None, **limits: Any) -> Row:
    """As in `verdict.metrics`."""
    both = None if a is None or b is None else (a, b)
    return {
        "a": a, "b": b, "winner": winner, "difference": both and both[0] - both[1], "ci_low": None, "ci_high": None,
        "ratio": None, "ratio_low": None, "ratio_high": None, "p_value": None, "test": None,
    } | limits  # fmt: skip


def result_row(images: int = 9, a: str = "swift_a", b: str = "thorough_b") -> Row:
    """With all that a result can have."""
    accuracy = entry(0.74, 0.83, b, ci_low=-0.151, ci_high=-0.031, p_value=0.0004, test="bootstrap")
    speed = entry(21.4, 27.9, a, ci_low=-7.1, ci_high=-5.8, ratio=0.767, ratio_low=0.75, ratio_high=0.79, p_value=0.002)
    return {
        "id": None, "job_id": None, "agent_id": None, "created_at": "2026-03-04T05:06:07+00:00",
        "model_a_id": a, "model_b_id": b, "winner": b,
        "model_a_metrics": _metrics(21.4), "model_b_metrics": _metrics(27.9),
        "verdict": {
            "winner": b,
            "sentence": f"{b} wins: 9.0 points better in accuracy [3.1, 15.1], 30 % slower",
            "composite": {"a": 0.781, "b": 0.842, "difference": -0.061, "ci_low": -0.09, "ci_high": -0.03,
                          "share_a_better": 0.001},
            "weights": {"accuracy": 0.4, "speed": 0.3, "green": 0.2, "memory": 0.1},
            "metrics": {
                "accuracy": accuracy,
                "exact_count": entry(0.5, 0.5, "tie", ci_low=-0.1, ci_high=0.1, p_value=1.0, test="mcnemar"),
                "f1_score": entry(0.8, 0.81, "tie", ci_low=-0.05, ci_high=0.03),
                "speed_ms": speed,
                "latency_ms": entry(25.0, 31.0, a, ratio=0.806),
                "throughput_fps": entry(44.0, 36.0, a, ratio=1.222, ratio_low=1.1, ratio_high=1.36, test="t"),
                "memory_mb": entry(661.0, 654.0, "tie", ratio=1.011),
                "energy_j_per_image": entry(None, None),
                "carbon_g_per_1k_images": entry(None, None),
                "green_score": entry(None, None),
            },
            "warnings": [{"code": "too_busy", "message": "Other work took 0.7 cores."}],
            "seed": 0, "resamples": 2000, "confidence_level": 0.95, "resolution": 0.05,
        },
        "environment": {
            "cpu": {"model": "Example CPU", "physical_cores": 8, "logical_cores": 16}, "gpus": [], "gpu": None,
            "ram_mb": 32000, "os": "Linux 6.1", "python": "3.11.7", "libraries": {"torch": "2.13.0", "numpy": "2.4.6"},
            "arena_version": "0.1.0", "country": "DEU", "images": images, "match_iou": 0.5, "duration_s": 61.25,
            "started_at": "2026-03-04T05:05:00+00:00", "idle_power": {"watts": 41.5, "source": "rapl"},
            "other_load_cores": 0.7, "fingerprint": "f1n9e2", "machine_state": {"governor": "performance"},
            "options": {"confidence": 0.25, "window_seconds": 5.0, "windows": 4, "classes": ["car"]},
        },
        "image_results": [*_image_rows("a", a, images), *_image_rows("b", b, images)],
    }  # fmt: skip


def _metrics(speed_ms: float) -> Row:
    times = np.random.default_rng(0).gamma(9, speed_ms / 9, 200).round(2).tolist()
    return {
        "ap50": 0.71, "ap50_95": 0.42, "latencies_ms": times, "samples": 200,
        "p50_ms": speed_ms, "p90_ms": speed_ms * 1.4, "p99_ms": None, "decode_ms": 1.2, "preprocess_ms": 0.8,
        "inference_ms": speed_ms - 3, "postprocess_ms": 1.0, "parameters": 2_649_200, "numeric_precision": "fp32",
        "device": "cpu", "input_size": 640, "confidence_threshold": 0.25, "batch_size": 4, "load_s": 1.5,
        "energy_source": None, "weights_sha256": "ab" * 32, "gpu_memory_mb": None,
    }  # fmt: skip


def _image_rows(side: str, model_id: str, images: int) -> Iterator[Row]:
    """A misses the last car of every image with two or three; B finds one too many on image 1."""
    for index in range(images):
        truth = index % 4
        count = truth - (side == "a" and truth > 1) + (side == "b" and index == 1)
        yield {
            "side": side, "model_id": model_id, "image_index": index, "image_path": f"street/{index:03}.jpg",
            "truth_count": truth, "predicted_count": count, "latency_ms": 21.0,
            "detections": [{"box": list(box), "score": 0.9, "label": "car"} for box in true_boxes(count)],
        }  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self._skip = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._skip += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """Words with single spaces between them."""
        return " ".join(" ".join(self.texts).split())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def values(self, *names: str) -> list[str]:
        """Of all attributes of those names."""
        return [value for _, name, value in self.attributes if name in names]
