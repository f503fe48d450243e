"""Which of the two is better by one metric, and how sure that is.

Differences are turned so that less than 0 means that A is better, whatever the metric; those of ratios are natural
logarithms.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.report.metric import Metric
from agent.report.reading import mapping, number

_TESTS = {"bootstrap": "paired bootstrap", "t": "paired t‑test", "mcnemar": "McNemar’s exact test"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One metric of both models."""

    metric: Metric
    a: float | None
    b: float | None
    #: `a`, `b`, `tie`, or empty where nobody judged.
    winner: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    test: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the difference leaves out "no difference"."""
        return self.winner in ("a", "b") and self.low is not None

    @property
    def values(self) -> dict[str, str]:
        """Of `a` and `b`, as they are written."""
        return {
            side: "not measured" if value is None else self.metric.form(value)
            for side, value in (("a", self.a), ("b", self.b))
        }

    @property
    def estimate(self) -> str:
        """The difference in words."""
        if self.difference is None:
            return "" if None in (self.a, self.b) else "no ratio: one of them is 0"
        return self._words(self.difference)

    @property
    def limits(self) -> str:
        """The interval in words."""
        if self.low is None or self.high is None:
            return ""
        near, far = sorted((self.low, self.high), key=abs)
        if near * far > 0 and self._size(abs(near)):
            return f"{self._words(near)} to {self._size(abs(far))}"
        return f"{self._words(self.low)} to {self._words(self.high)}"

    @property
    def evidence(self) -> str:
        """The p-value and the test that it is from."""
        if self.p_value is None:
            return ""
        value = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return f"{value}, {_TESTS[self.test]}" if self.test in _TESTS else value

    def _words(self, difference: float) -> str:
        size = self._size(abs(difference))
        return f"{'A' if difference < 0 else 'B'} {size}" if size else "no difference"

    def _size(self, size: float) -> str:
        if self.metric.scale == "ratio":
            times = math.exp(min(size, 50.0))
            return "" if times < 1.005 else "> 100×" if times > 100 else f"{times:.{2 if times < 9.995 else 0}f}×"
        points = size * 100 if self.metric.scale == "share" else size
        return f"+{points:.1f}" if points >= 0.05 else ""


def judgement(metric: Metric, row: Mapping[str, Any]) -> Judgement | None:
    """From a row of `comparison_results`; None where the metric was measured of neither model."""
    entry = _entry(metric, row)
    a, b = number(entry.get("a")), number(entry.get("b"))
    if a is None and b is None:
        return None
    difference, low, high = _differences(metric, entry, a, b)
    if low is None or high is None:
        low = high = None
    elif low > high:
        low, high = high, low
    return Judgement(
        metric,
        a,
        b,
        _winner(entry.get("winner"), row),
        difference,
        low,
        high,
        number(entry.get("p_value")),
        str(entry.get("test") or ""),
    )


def _entry(metric: Metric, row: Mapping[str, Any]) -> Mapping[str, Any]:
    verdict = mapping(row.get("verdict"))
    if metric.name == "composite":
        hundredfold = {
            key: None if (value := number(each)) is None else 100 * value
            for key, each in mapping(verdict.get("composite")).items()
        }
        return hundredfold | {"winner": row.get("winner"), "test": "bootstrap"}
    measured = {side: mapping(row.get(f"model_{side}_metrics")).get(metric.name) for side in ("a", "b")}
    return measured | dict(mapping(mapping(verdict.get("metrics")).get(metric.name)))


def _winner(winner: Any, row: Mapping[str, Any]) -> str:
    if winner == "tie":
        return "tie"
    ids = [row.get("model_a_id"), row.get("model_b_id")]
    if ids[0] == ids[1] is not None:
        return "tie"
    return "" if winner is None or winner not in ids else "ab"[ids.index(winner)]


def _differences(
    metric: Metric, entry: Mapping[str, Any], a: float | None, b: float | None
) -> tuple[float | None, float | None, float | None]:
    sign = -1.0 if metric.more_is_better else 1.0
    raw = _log_ratios(entry, a, b) if metric.scale == "ratio" else _plain_differences(entry, a, b)
    middle, low, high = (None if value is None else sign * value + 0.0 for value in raw)
    return middle, low, high


def _plain_differences(
    entry: Mapping[str, Any], a: float | None, b: float | None
) -> tuple[float | None, float | None, float | None]:
    given = number(entry.get("difference"))
    if given is None and a is not None and b is not None:
        given = a - b
    return given, number(entry.get("ci_low")), number(entry.get("ci_high"))


def _log_ratios(
    entry: Mapping[str, Any], a: float | None, b: float | None
) -> tuple[float | None, float | None, float | None]:
    given = [number(entry.get(key)) for key in ("ratio", "ratio_low", "ratio_high")]
    if a is None or b is None or a <= 0 or b <= 0:
        return None, None, None
    # Rows from before there were ratios: as if all the doubt were A's.
    older = [(b + limit) / b for limit in map(number, (entry.get("ci_low"), entry.get("ci_high"))) if limit is not None]
    low, high = given[1:] if None not in given[1:] else older if len(older) == 2 else (None, None)
    middle, low, high = (None if value is None or value <= 0 else math.log(value) for value in (a / b, low, high))
    return middle, low, high
