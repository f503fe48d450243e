"""Rows of ``comparison_results`` to look at."""

import copy
from typing import Any

Row = dict[str, Any]
A, B = "Trained_yolov5", "Trained_yolov8"

#: Figures of A and of B, and of the metrics that are judged the winner, the interval of a - b (of shares) or of a / b.
_FIGURES: dict[str, tuple[float, float, str, float, float]] = {
    "accuracy": (0.874, 0.935, B, -0.098, -0.023),
    "exact_count": (0.62, 0.75, B, -0.21, -0.04),
    "f1_score": (0.951, 0.956, "tie", -0.021, 0.013),
    "speed_ms": (24.6, 27.6, A, 0.861, 0.922),
    "latency_ms": (29.8, 31.5, "tie", 0.89, 1.02),
    "throughput_fps": (37.6, 34.3, A, 1.05, 1.14),
    "memory_mb": (655.0, 654.0, "tie", 0.98, 1.02),
    "energy_j_per_image": (0.738, 0.840, A, 0.79, 0.97),
    "carbon_g_per_1k_images": (0.0758, 0.0862, A, 0.79, 0.97),
}


def winner_row() -> Row:
    """B wins: it counts better and is slower."""
    row: Row = {
        "model_a_id": A, "model_b_id": B, "winner": B,
        "model_a_metrics": _metrics(0, 0.0), "model_b_metrics": _metrics(1, 2.8),
        "verdict": {
            "winner": B, "sentence": f"{B} wins: 6.1 points better in accuracy [2.3, 9.8], 12 % slower",
            "composite": {"a": 0.91, "b": 0.941, "difference": -0.031, "ci_low": -0.055, "ci_high": -0.008},
            "weights": {"accuracy": 0.4, "speed": 0.3, "green": 0.2, "memory": 0.1},
            "metrics": {name: judged(name) for name in _FIGURES}, "warnings": [],
        },
        "environment": {
            "cpu": {"model": "AMD EPYC", "physical_cores": 2, "logical_cores": 2}, "gpu": None, "threads": [1, 1],
            "country": "USA", "images": 48, "python": "3.11.7", "arena_version": "0.1.0",
            "libraries": {"torch": "2.13.0", "ultralytics": "8.4.190", "numpy": "2.4.6"},
            "idle_power": {"watts": 6.25, "source": "estimated"}, "other_load_cores": 0.31,
        },
    }  # fmt: skip
    return copy.deepcopy(row)


def judged(name: str) -> Row:
    """What the verdict says of a metric."""
    a, b, winner, low, high = _FIGURES[name]
    is_share = name in {"accuracy", "exact_count", "f1_score"}
    interval = {"ci_low": low, "ci_high": high} if is_share else {"ratio_low": low, "ratio_high": high}
    known = {"a": a, "b": b, "winner": winner, "difference": a - b, "test": "bootstrap"}
    known["p_value"] = 0.31 if winner == "tie" else 0.003
    keys = ("ci_low", "ci_high", "ratio_low", "ratio_high")
    return {**dict.fromkeys(keys), "ratio": None if is_share else a / b, **known, **interval}


def tie_row() -> Row:
    """Nothing is beyond chance."""
    row = winner_row()
    row["winner"] = row["verdict"]["winner"] = "tie"
    row["verdict"]["sentence"] = "A tie: the difference in score, -0.8 points [-3.1, +1.5], may be chance."
    row["verdict"]["composite"] |= {"b": 0.918, "difference": -0.008, "ci_low": -0.031, "ci_high": 0.015}
    for entry in row["verdict"]["metrics"].values():
        entry |= {"winner": "tie", "p_value": 0.31}
    return row


def older_row() -> Row:
    """As an agent wrote it before there were ratios, warnings, and single times."""
    row = winner_row()
    del row["verdict"]["warnings"]
    del row["environment"]["idle_power"], row["environment"]["other_load_cores"]
    for side in ("a", "b"):
        for key in ("latencies_ms", "exact_count", "memory_above_empty_mb"):
            del row[f"model_{side}_metrics"][key]
    del row["verdict"]["metrics"]["exact_count"]
    for name, entry in row["verdict"]["metrics"].items():
        for key in ("ratio", "ratio_low", "ratio_high", "p_value", "test"):
            del entry[key]
        if name in {"latency_ms", "throughput_fps", "memory_mb", "carbon_g_per_1k_images"}:
            entry |= {"ci_low": None, "ci_high": None}
    row["verdict"]["metrics"]["speed_ms"] |= {"ci_low": -4.4, "ci_high": -1.4}
    return row


def gpu_row() -> Row:
    """Carbon is not stated, for nobody named a country."""
    row = winner_row()
    row["environment"] |= {"gpu": {"name": "NVIDIA H200", "driver": "570.86"}, "country": None}
    for side, megabytes in (("a", 412.0), ("b", 873.0)):
        metrics = row[f"model_{side}_metrics"]
        metrics |= {"gpu_memory_mb": megabytes, "carbon_g_per_1k_images": None, "energy_source": "nvml"}
    row["verdict"]["metrics"]["carbon_g_per_1k_images"] = dict.fromkeys(judged("speed_ms"))
    return row


def _metrics(index: int, later_ms: float) -> Row:
    times = [24.0 + later_ms + (7 * n % 11) / 2 + (30.0 if n == 40 else 0.0) for n in range(96)]
    return {name: values[index] for name, values in _FIGURES.items()} | {
        "ap50": 0.99, "ap50_95": (0.849, 0.865)[index], "count_mae": (0.25, 0.17)[index], "f1_basis": "boxes",
        "green_score": (67.1, 66.1)[index], "p50_ms": 26.0 + later_ms, "p90_ms": 29.0 + later_ms, "p99_ms": None,
        "samples": 96, "latencies_ms": times, "memory_above_empty_mb": (201.0, 230.0)[index], "gpu_memory_mb": None,
        "energy_source": "estimated", "parameters": 2503139, "numeric_precision": "fp32", "device": "cpu",
        "input_size": 320, "load_s": 3.3, "confidence_threshold": 0.25,
    }  # fmt: skip
