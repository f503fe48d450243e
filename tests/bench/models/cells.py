"""Figures of comparisons as cells of a table."""

from collections.abc import Mapping
from typing import Any

from tests.bench.queue.table import Cell

QUALITY = ("AP50", "AP", "F1", "count MAE", "count accuracy")


def quality(metrics: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The columns of QUALITY, of `model_x_metrics`."""
    return tuple(
        "–" if metrics[name] is None else f"{metrics[name]:.3f}"
        for name in ("ap50", "ap50_95", "f1_score", "count_mae", "accuracy")
    )


def times_as_good(entry: Mapping[str, Any], more_is_better: bool) -> str:
    """How many times as good b is as a, with its interval, of a metric in `verdict.metrics`."""
    ratio, low, high = (entry[key] for key in ("ratio", "ratio_low", "ratio_high"))
    if ratio is None:
        return "–"
    if more_is_better:
        ratio, low, high = 1 / ratio, high and 1 / high, low and 1 / low
    return f"{ratio:.2f}" if low is None else f"{ratio:.2f} [{low:.2f}, {high:.2f}]"


def interval(entry: Mapping[str, Any]) -> str:
    """The difference a − b and its interval, of a metric in `verdict.metrics`."""
    value, low, high = (entry[key] for key in ("difference", "ci_low", "ci_high"))
    return f"{value:+.2f}" if low is None else f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"
