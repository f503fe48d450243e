"""Figures and differences as people write them."""

import math

from agent.advantage import Advantage, Scale
from agent.metric_lines import Metric

NOT_MEASURED = "–"

_MUCH = math.log(2)
"""From this factor on, it is said as one; below, in percent."""
_MOST = 999.0


def figure(value: float | None) -> str:
    """Three digits of it, and all of those before the point: ``0.0758``, ``24.6``, ``1,234``."""
    if value is None:
        return NOT_MEASURED
    size = abs(value)
    if size == 0:
        return "0"
    if not 1e-4 <= size < 1e6:
        return f"{value:.1e}"
    digits = max(0, 2 - math.floor(math.log10(size)))
    return f"{value:,.{digits}f}"


def written(metric: Metric, value: float | None) -> str:
    """One of a metric's figures, without its unit."""
    if value is None or metric.scale is not Scale.SHARE:
        return figure(value)
    return figure(100 * value) if abs(value) > 10 else f"{100 * value:.1f}"


def difference(metric: Metric, advantage: Advantage) -> str:
    """Who is better and by how much: ``B +6.1 points``, ``A 12 % faster``, ``B 2.4× faster``."""
    if advantage.value == 0:
        return "equal"
    who, gain = ("B", advantage) if advantage.value > 0 else ("A", advantage.flipped())
    if metric.scale is Scale.PLAIN:
        return f"{who} by {figure(gain.value)}"
    if metric.scale is Scale.RATIO and gain.value >= _MUCH:
        return f"{who} {_times(gain.value)}× {metric.word}"
    said = _short(gain.value if metric.scale is Scale.SHARE else _percent(gain.value, metric))
    if said == _short(0.0):
        return "equal"
    return f"{who} +{said} points" if metric.scale is Scale.SHARE else f"{who} {said} % {metric.word}"


def interval(metric: Metric, advantage: Advantage) -> str:
    """Of the difference, in its unit and with its sign: below 0 the other one is better. Empty where there is none."""
    gain = advantage if advantage.value >= 0 else advantage.flipped()
    if gain.limits is None:
        return ""
    low, high = gain.limits
    if metric.scale is not Scale.RATIO:
        return f"[{_short(low)}, {_short(high)}]"
    if gain.value >= _MUCH:
        return f"[{_times(low)}, {_times(high)}]×"
    return f"[{_short(_percent(low, metric))}, {_short(_percent(high, metric))}] %"


def _percent(log_factor: float, metric: Metric) -> float:
    """Of a logarithm: how much more gets done, or how much less it takes."""
    if metric.word == "less":
        return -100 * math.expm1(min(-log_factor, 700.0))
    return 100 * math.expm1(min(log_factor, 700.0))


def _times(log_factor: float) -> str:
    factor = math.exp(min(log_factor, 700.0))
    if factor > _MOST:
        return f">{_MOST:.0f}"
    return f"{factor:.0f}" if factor >= 100 else f"{factor:.2g}"


def _short(value: float) -> str:
    """One digit behind the point where that says something; never −0."""
    if abs(value) > _MOST:
        return f">{_MOST:.0f}" if value > 0 else f"<−{_MOST:.0f}"
    rounded = round(value, 1) if abs(value) < 10 else float(round(value))
    said = f"{abs(rounded):.1f}" if abs(rounded) < 10 else f"{abs(rounded):.0f}"
    return f"−{said}" if rounded < 0 else said
