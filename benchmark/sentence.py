"""A verdict in words."""

from collections.abc import Mapping
from typing import Any

from benchmark.resampling import FEWEST_IMAGES, Contender

#: In place of a winner.
TIE = "tie"


def describe(
    winner: str,
    a: Contender,
    b: Contender,
    metrics: Mapping[str, Mapping[str, Any]],
    composite: Mapping[str, float] | None,
) -> str:
    """One sentence; `metrics` and `composite` are those of the Verdict."""
    if a.model_id == b.model_id:
        return f"A tie: {a.model_id} was compared with itself."
    if composite is None:
        return "A tie: nothing that has a weight could be measured."
    if winner == TIE:
        return f"A tie: {_why_a_tie(len(a.accuracies), composite)}"
    return f"{winner} wins: {', '.join(_advantages(metrics, a_wins=winner == a.model_id))}"


def _why_a_tie(images: int, composite: Mapping[str, float]) -> str:
    if images < FEWEST_IMAGES:
        return f"{images} images are too few to tell the models apart; it takes {FEWEST_IMAGES} at least."
    difference, low, high = (_plain(composite[key], 3) for key in ("difference", "ci_low", "ci_high"))
    return f"the difference in score, {difference:+.3f} [{low:+.3f}, {high:+.3f}], may be chance."


def _advantages(metrics: Mapping[str, Mapping[str, Any]], a_wins: bool) -> list[str]:
    """How the winner stands against the other, good and bad."""
    parts = [_accuracy_words(metrics["accuracy"], a_wins)]
    parts += _ratio_words(metrics["speed_ms"], a_wins, "faster", "slower", speed=True)
    parts += _ratio_words(metrics["energy_j_per_image"], a_wins, "less energy", "more energy")
    parts += _ratio_words(metrics["memory_mb"], a_wins, "less memory", "more memory")
    return parts


def _accuracy_words(entry: Mapping[str, Any], a_wins: bool) -> str:
    if entry["ci_low"] is None:
        return f"too few images to compare accuracy (it takes {FEWEST_IMAGES})"
    points = [100 * entry[key] for key in ("difference", "ci_low", "ci_high")]
    difference, low, high = points if a_wins else (-points[0], -points[2], -points[1])
    if entry["winner"] == TIE:
        return f"no certain difference in accuracy [{_plain(low, 1):.1f}, {_plain(high, 1):.1f}]"
    if difference < 0:
        difference, low, high, word = -difference, -high, -low, "worse"
    else:
        word = "better"
    return f"{difference:.1f} points {word} in accuracy [{low:.1f}, {high:.1f}]"


def _ratio_words(entry: Mapping[str, Any], a_wins: bool, good: str, bad: str, speed: bool = False) -> list[str]:
    """`12 % slower`: of a time it takes more of, or for speed how much more it gets done."""
    if entry["winner"] in (None, TIE):
        return []
    this, other = (entry["a"], entry["b"]) if a_wins else (entry["b"], entry["a"])
    less = other / this - 1 if speed else 1 - this / other
    change = this / other - 1 if this > other else less
    return [f"{100 * change:.0f} % {good if this < other else bad}"]


def _plain(value: float, digits: int) -> float:
    """Rounded, and never −0."""
    return round(value, digits) + 0.0
