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
#: Standard errors to each side of a 95 % interval.
_ERRORS = 1.96
_CONVERGED = 1e-9
_MOST_STEPS = 100
#: A step of Newton's beyond this is cut short; it could overshoot.
_LONGEST_STEP = 2.0


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


def rate(tallies: Iterable[Tally]) -> list[Rating]:
    """Rates all models that fought, the best first within each group; a model against itself does not count."""
    fought = [each for each in tallies if each.model_a != each.model_b and each.wins_a + each.wins_b + each.ties]
    models = sorted({model for each in fought for model in (each.model_a, each.model_b)})
    ratings: list[Rating] = []
    for number, group in enumerate(_groups(models, fought)):
        ratings += _rate_group(group, [each for each in fought if each.model_a in group], number)
    return ratings


def _rate_group(models: Sequence[str], tallies: Sequence[Tally], group: int) -> list[Rating]:
    wins = _wins(models, tallies)
    strengths = _most_likely(wins)
    points = _MIDDLE + _POINTS * (strengths - strengths.mean())
    reach = _ERRORS * _POINTS * _standard_errors(strengths, wins)
    ratings = [
        Rating(model, point, point - side, point + side, *_record(model, tallies), group)
        for model, point, side in zip(models, points.tolist(), reach.tolist(), strict=True)
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


def _wins(models: Sequence[str], tallies: Sequence[Tally]) -> Array:
    """How often the model of the row beat that of the column, a tie being half a win each."""
    place = {model: index for index, model in enumerate(models)}
    wins = np.zeros((len(models), len(models)))
    for each in tallies:
        a, b = place[each.model_a], place[each.model_b]
        wins[a, b] += each.wins_a + each.ties / 2
        wins[b, a] += each.wins_b + each.ties / 2
    return wins


def _most_likely(wins: Array) -> Array:
    """Newton's method on the logarithm of the likelihood, which is concave."""
    strengths = np.zeros(len(wins))
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(_information(strengths, wins), _gradient(strengths, wins))
        strengths += np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        if np.abs(step).max() < _CONVERGED:
            break
    return strengths


def _standard_errors(strengths: Array, wins: Array) -> Array:
    """Of the strengths' distances to their mean, from the curvature of the likelihood at its top.

    A bootstrap would not do: what the best one won it wins again in every draw, so its interval has one side only.
    """
    count = len(strengths)
    centring = np.eye(count) - 1 / count
    covariance = centring @ np.linalg.solve(_information(strengths, wins), centring)
    errors: Array = np.sqrt(np.diag(covariance))
    return errors


def _gradient(strengths: Array, wins: Array) -> Array:
    """Of the logarithm of the likelihood."""
    battles = wins + wins.T
    won: Array = (wins - battles * _chances(strengths)).sum(axis=1)
    return won + _VIRTUAL_TIES * (0.5 - _logistic(strengths))


def _information(strengths: Array, wins: Array) -> Array:
    """The negative second derivatives of the logarithm of the likelihood."""
    chances, against_middle = _chances(strengths), _logistic(strengths)
    curvature = (wins + wins.T) * chances * (1 - chances)
    diagonal = curvature.sum(axis=1) + _VIRTUAL_TIES * against_middle * (1 - against_middle)
    information: Array = np.diag(diagonal) - curvature
    return information


def _chances(strengths: Array) -> Array:
    """That the model of the row beats that of the column."""
    return _logistic(strengths[:, None] - strengths[None, :])


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
