"""Ratings of models from their battles: Bradley and Terry's model, as Chatbot Arena uses it.

Bradley, R. A. and Terry, M. E. (1952), Rank analysis of incomplete block designs, Biometrika 39; ties as half a win
each, as in Chiang et al. (2024), Chatbot Arena.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: Elo's scale: 400 points are ten to one.
_POINTS = 400 / math.log(10)
_MIDDLE = 1000.0
#: Virtual battles, tied, of each model with the middle of its group: one that has won everything stays finite.
_VIRTUAL_TIES = 0.5
#: Added to a pair's wins, ties and losses before they are drawn anew: of a pair that met once, little is certain.
_SMOOTHING = 1 / 3
_CONVERGED = 1e-9
_MOST_STEPS = 100
#: A step of Newton's beyond this is cut short; it could overshoot.
_LONGEST_STEP = 2.0
#: Numbers in memory at once for the models' second derivatives.
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Tally:
    """How the battles of two models ended."""

    model_a: str
    model_b: str
    wins_a: int
    wins_b: int
    ties: int


@dataclass(frozen=True, slots=True)
class Rating:
    """How strong a model is among those of its group."""

    model_id: str
    #: On Elo's scale, 1000 in the middle of the group.
    rating: float
    #: Ends of the 95 % interval.
    low: float
    high: float
    wins: int
    losses: int
    ties: int
    #: Ratings of different groups cannot be held against each other: no chain of battles joins them. From 0.
    group: int

    @property
    def battles(self) -> int:
        """How many it fought."""
        return self.wins + self.losses + self.ties


def rate(tallies: Iterable[Tally], resamples: int = 1000, seed: int = 0) -> list[Rating]:
    """Rates all models that fought, the best first within each group; a model against itself does not count.

    The intervals are a bootstrap over battles: each pair's outcomes are drawn anew.
    """
    fought = [each for each in tallies if each.model_a != each.model_b and each.wins_a + each.wins_b + each.ties]
    models = sorted({model for each in fought for model in (each.model_a, each.model_b)})
    ratings: list[Rating] = []
    for number, group in enumerate(_groups(models, fought)):
        ratings += _rate_group(group, [each for each in fought if each.model_a in group], number, resamples, seed)
    return ratings


def _rate_group(models: Sequence[str], tallies: Sequence[Tally], group: int, resamples: int, seed: int) -> list[Rating]:
    place = {model: index for index, model in enumerate(models)}
    pairs = np.array([[place[each.model_a], place[each.model_b]] for each in tallies])
    outcomes = np.array([[each.wins_a, each.ties, each.wins_b] for each in tallies], dtype=np.float64)
    points = _MIDDLE + _POINTS * _strengths(pairs, outcomes[None], len(models))[0]
    drawn = _MIDDLE + _POINTS * _strengths(pairs, _drawn(outcomes, resamples, seed), len(models))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    ratings = [
        Rating(
            model,
            float(points[index]),
            float(min(low[index], points[index])),
            float(max(high[index], points[index])),
            *_record(model, tallies),
            group,
        )
        for index, model in enumerate(models)
    ]
    return sorted(ratings, key=lambda each: (-each.rating, each.model_id))


def _record(model: str, tallies: Sequence[Tally]) -> tuple[int, int, int]:
    """Wins, losses and ties."""
    as_a = [each for each in tallies if each.model_a == model]
    as_b = [each for each in tallies if each.model_b == model]
    return (
        sum(each.wins_a for each in as_a) + sum(each.wins_b for each in as_b),
        sum(each.wins_b for each in as_a) + sum(each.wins_a for each in as_b),
        sum(each.ties for each in as_a + as_b),
    )


def _drawn(outcomes: Array, resamples: int, seed: int) -> Array:
    """Each pair's outcomes drawn anew, as often as it met: (resamples, pairs, 3)."""
    random = np.random.default_rng(seed)
    smoothed = outcomes + _SMOOTHING
    shares = smoothed / smoothed.sum(axis=1, keepdims=True)
    met = outcomes.sum(axis=1).astype(np.int64)
    return random.multinomial(met, shares, size=(resamples, len(outcomes))).astype(np.float64)


def _strengths(pairs: npt.NDArray[np.int64], outcomes: Array, models: int) -> Array:
    """The most likely strengths for each of many sets of outcomes, (sets, models); their mean is 0."""
    rows = max(1, _BLOCK // models**2)
    return np.concatenate(
        [_most_likely(*_matrices(pairs, outcomes[at : at + rows], models)) for at in range(0, len(outcomes), rows)]
    )


def _matrices(pairs: npt.NDArray[np.int64], outcomes: Array, models: int) -> tuple[Array, Array]:
    """Wins of one model over another, ties as half a win, and battles between them: (sets, models, models)."""
    wins = np.zeros((len(outcomes), models, models))
    for pair, (a, b) in enumerate(pairs):
        wins[:, a, b] += outcomes[:, pair, 0] + outcomes[:, pair, 1] / 2
        wins[:, b, a] += outcomes[:, pair, 2] + outcomes[:, pair, 1] / 2
    return wins, wins + wins.transpose(0, 2, 1)


def _most_likely(wins: Array, battles: Array) -> Array:
    """Newton's method on the logarithm of the likelihood, which is concave."""
    strengths = np.zeros(wins.shape[:2])
    for _ in range(_MOST_STEPS):
        step = _step(strengths, wins, battles)
        strengths += np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        if np.abs(step).max() < _CONVERGED:
            break
    centred: Array = strengths - strengths.mean(axis=1, keepdims=True)
    return centred


def _step(strengths: Array, wins: Array, battles: Array) -> Array:
    chance = _logistic(strengths[:, :, None] - strengths[:, None, :])
    against_middle = _logistic(strengths)
    gradient = (wins - battles * chance).sum(axis=2) + _VIRTUAL_TIES * (0.5 - against_middle)
    curvature = battles * chance * (1 - chance)
    diagonal = curvature.sum(axis=2) + _VIRTUAL_TIES * against_middle * (1 - against_middle)
    hessian = -curvature
    every = np.arange(strengths.shape[1])
    hessian[:, every, every] += diagonal
    step: Array = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return step


def _logistic(value: Array) -> Array:
    chance: Array = 1 / (1 + np.exp(-np.clip(value, -500, 500)))
    return chance


def _groups(models: Sequence[str], tallies: Sequence[Tally]) -> list[list[str]]:
    """Models that battles connect, the largest group first."""
    group_of = {model: {model} for model in models}
    for each in tallies:
        joined = group_of[each.model_a] | group_of[each.model_b]
        for model in joined:
            group_of[model] = joined
    found = {min(group): sorted(group) for group in group_of.values()}
    return sorted(found.values(), key=lambda group: (-len(group), group))
