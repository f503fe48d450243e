"""In words: which of the two is better by one metric, and how sure that is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.advantage import Advantage, Scale, Standing, standing
from agent.reading import mapping
from agent.report.metric import Metric

_TESTS = {"bootstrap": "paired bootstrap", "t": "paired t‑test", "mcnemar": "McNemar’s exact test"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One metric of both models."""

    metric: Metric
    of: Standing
    #: Of F1: `boxes` or `counts`.
    basis: str = "boxes"

    @property
    def advantage(self) -> Advantage | None:
        """How much better B is."""
        return self.of.advantage

    @property
    def meaning(self) -> str:
        """What the metric is, in this comparison."""
        return self.metric.by_counts if self.basis == "counts" and self.metric.by_counts else self.metric.meaning

    @property
    def values(self) -> dict[str, str]:
        """Of `a` and `b`, as they are written."""
        return {
            side: "not measured" if value is None else self.metric.form(value)
            for side, value in (("a", self.of.a), ("b", self.of.b))
        }

    @property
    def estimate(self) -> str:
        """The difference in words."""
        if self.advantage is None:
            return "" if None in (self.of.a, self.of.b) else "no ratio: one of them is 0"
        return self._words(self.advantage.value)

    @property
    def limits(self) -> str:
        """The interval in words."""
        if self.advantage is None or self.advantage.limits is None:
            return ""
        low, high = self.advantage.limits
        near, far = sorted((low, high), key=abs)
        if low * high > 0 and self._size(abs(near)):
            return f"{self._words(near)} to {self._size(abs(far))}"
        return f"{self._words(low)} to {self._words(high)}"

    @property
    def evidence(self) -> str:
        """The p-value and the test that it is from."""
        if self.of.p_value is None:
            return ""
        value = "p < 0.001" if self.of.p_value < 0.001 else f"p = {self.of.p_value:.3f}"
        return f"{value}, {_TESTS[self.of.test]}" if self.of.test in _TESTS else value

    def _words(self, difference: float) -> str:
        size = self._size(abs(difference))
        return f"{'A' if difference < 0 else 'B'} {size}" if size else "no difference"

    def _size(self, size: float) -> str:
        if self.metric.scale is Scale.RATIO:
            times = math.exp(min(size, 50.0))
            return "" if times < 1.005 else "> 100×" if times > 100 else f"{times:.{2 if times < 9.995 else 0}f}×"
        decimals = 2 if self.metric.scale is Scale.PLAIN and size < 0.995 else 1
        return f"+{size:.{decimals}f}" if size >= 0.5 * 0.1**decimals else ""


def judgement(metric: Metric, row: Mapping[str, Any]) -> Judgement | None:
    """From a row of `comparison_results`; None where the metric was measured of neither model."""
    found = standing(row, metric.name)
    basis = str(mapping(row, "model_a_metrics").get("f1_basis") or "boxes")
    return Judgement(metric, found, basis) if found else None
