"""A verdict in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.resampling import FEWEST_IMAGES, Contender

#: In place of a winner.
TIE = "tie"


#: What a sentence speaks of besides accuracy: the metric, its noun, and the words for good and bad.
_RATIOS = (
    ("speed_ms", "speed", "faster", "slower"),
    ("energy_j_per_image", "energy", "less energy", "more energy"),
    ("memory_mb", "memory", "less memory", "more memory"),
)

_Metrics = Mapping[str, Mapping[str, Any]]


def describe(winner: str, a: Contender, b: Contender, metrics: _Metrics, composite: Mapping[str, float] | None) -> str:
    """One sentence; `metrics` and `composite` are those of the Verdict."""
    if a.model_id == b.model_id:
        return f"A tie: {a.model_id} was compared with itself."
    if composite is None:
        return "A tie: nothing that has a weight could be measured."
    if winner == TIE:
        return f"A tie: {_why_a_tie(a, b, metrics, composite)}"
    return f"{winner} wins: {_account(metrics, winner, a_wins=winner == a.model_id)}"


def _why_a_tie(a: Contender, b: Contender, metrics: _Metrics, composite: Mapping[str, float]) -> str:
    images = len(a.accuracies)
    if images < FEWEST_IMAGES:
        few = "1 image is" if images == 1 else f"{images} images are"
        return f"{few} too few to tell the models apart; it takes {FEWEST_IMAGES} at least."
    # In points of 100, as scores are shown everywhere.
    difference, low, high = (_plain(100 * composite[key], 1) for key in ("difference", "ci_low", "ci_high"))
    score = f"the difference in score, {difference:+.1f} points [{low:+.1f}, {high:+.1f}], may be chance."
    parts = [
        f"{model} is better in {_list(won)}" for model in (a.model_id, b.model_id) if (won := _won(metrics, model))
    ]
    return f"{', '.join(parts)}; weighed together, {score}" if parts else score


def _won(metrics: _Metrics, model: str) -> list[str]:
    nouns = {"accuracy": "accuracy"} | {metric: noun for metric, noun, _, _ in _RATIOS}
    return [noun for metric, noun in nouns.items() if metrics[metric]["winner"] == model]


def _list(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _account(metrics: _Metrics, winner: str, a_wins: bool) -> str:
    """How the winner stands against the other: the good first, for that is why it won."""
    words = {"accuracy": _accuracy_words(metrics["accuracy"], a_wins)}
    words |= {metric: _ratio_words(metrics[metric], a_wins, good, bad) for metric, _, good, bad in _RATIOS}
    by_outcome: dict[str, list[str]] = {"good": [], "open": [], "bad": []}
    for metric, text in words.items():
        outcome = metrics[metric]["winner"]
        by_outcome["open" if outcome in (None, TIE) else "good" if outcome == winner else "bad"].append(text)
    good, neither, bad = ([text for text in texts if text] for texts in by_outcome.values())
    if not good:
        good = ["small differences add up"]
    if len(bad) > len(good):
        bad[0] = f"but {bad[0]}"
    return ", ".join((neither + good if not bad else good + neither) + bad)


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
    return f"{difference:.1f} points {word} in accuracy [{_plain(low, 1):.1f}, {_plain(high, 1):.1f}]"


def _ratio_words(entry: Mapping[str, Any], a_wins: bool, good: str, bad: str) -> str:
    """`12 % slower`: takes 1.12 times as long; `100 % faster`: the other does; `50 % less`: takes half of it."""
    if entry["winner"] in (None, TIE):
        return ""
    ratio = entry["ratio"] if a_wins else 1 / entry["ratio"]
    if ratio > 1:
        return f"{100 * (ratio - 1):.0f} % {bad}"
    return f"{100 * (1 / ratio - 1 if good == 'faster' else 1 - ratio):.0f} % {good}"


def _plain(value: float, digits: int) -> float:
    """Rounded, and never −0."""
    return round(value, digits) + 0.0
