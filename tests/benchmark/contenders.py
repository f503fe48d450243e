"""Two sides of a comparison, made up."""

from typing import Any

import numpy as np

from benchmark.metrics.matches import Matches
from benchmark.resampling import Contender

Array = np.ndarray[Any, np.dtype[np.float64]]


def contender(model_id: str, accuracies: Array, latencies_ms: Array, **metrics: Any) -> Contender:
    figures = {
        "accuracy": float(accuracies.mean()),
        "exact_count": float((accuracies > 0.95).mean()),
        "f1_score": float(accuracies.mean()),
        "speed_ms": float(np.median(latencies_ms)),
        "latency_ms": float(np.quantile(latencies_ms, 0.9)),
        "count_mae": float(np.mean(10 - np.round(10 * np.asarray(accuracies)))),
        "throughput_fps": 30.0,
        "memory_mb": 500.0,
        "energy_j_per_image": 2.0,
        "carbon_g_per_1k_images": 0.2,
        "green_score": 60.0,
    }
    matches = tuple(Matches(round(10 * value), 0, 10 - round(10 * value)) for value in accuracies)
    figures |= metrics
    energy = figures["energy_j_per_image"]
    energies = np.array([] if energy is None else [0.99 * energy, 1.01 * energy])
    times = np.atleast_2d(latencies_ms)
    exact = np.array([each.fp + each.fn == 0 for each in matches])
    rates = figures["throughput_fps"] * np.array([0.99, 1.01])
    errors = np.array([each.fp + each.fn for each in matches], float)
    return Contender(model_id, figures, accuracies, exact, errors, times, times + 5.0, matches, rates, energies)


def pair(seed: int = 0, better: float = 0.0, slower: float = 1.0, images: int = 60) -> tuple[Contender, Contender]:
    """Two models on the same images: b is `better` in accuracy and takes `slower` times as long."""
    random = np.random.default_rng(seed)
    difficulty = random.uniform(0.3, 0.8, images)
    time_ms = random.uniform(20, 30, images)
    noise = random.normal(0, 0.01, (4, images))
    a = contender("a", difficulty + noise[0], time_ms * (1 + noise[1]))
    b = contender("b", difficulty + better + noise[2], slower * time_ms * (1 + noise[3]))
    return a, b
