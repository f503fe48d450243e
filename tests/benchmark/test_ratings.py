"""Ratings against a likelihood maximised by brute force, closed forms, and simulated battles."""

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize

from benchmark import Rating, Tally, rate

POINTS = 400 / math.log(10)


def by_model(ratings: list[Rating]) -> dict[str, Rating]:
    return {each.model_id: each for each in ratings}


def battles(strengths: dict[str, float], each: int, seed: int, ties: float = 0.0) -> list[Tally]:
    """Simulated: every pair fights `each` times."""
    random = np.random.default_rng(seed)
    tallies = []
    for a, b in itertools.combinations(sorted(strengths), 2):
        win = 1 / (1 + math.exp(strengths[b] - strengths[a]))
        wins, tied, losses = random.multinomial(each, [win * (1 - ties), ties, (1 - win) * (1 - ties)])
        tallies.append(Tally(a, b, int(wins), int(losses), int(tied)))
    return tallies


def test_they_are_the_maximum_of_the_likelihood() -> None:
    tallies = battles({"a": 0.0, "b": 0.7, "c": -0.5, "d": 1.5}, each=23, seed=1, ties=0.2)
    models = ["a", "b", "c", "d"]

    def loss(strengths: npt.NDArray[np.float64]) -> float:
        total = sum(0.25 * (math.log1p(math.exp(-s)) + math.log1p(math.exp(s))) for s in strengths)
        for each in tallies:
            gap = strengths[models.index(each.model_a)] - strengths[models.index(each.model_b)]
            total += (each.wins_a + each.ties / 2) * math.log1p(math.exp(-gap))
            total += (each.wins_b + each.ties / 2) * math.log1p(math.exp(gap))
        return float(total)

    best = minimize(loss, np.zeros(4), tol=1e-12).x
    best = best - best.mean()
    found = by_model(rate(tallies, resamples=10))
    for model, strength in zip(models, best, strict=True):
        assert found[model].rating == pytest.approx(1000 + POINTS * strength, abs=0.05)


def test_two_models_have_a_closed_form() -> None:
    """With many battles the virtual ties do not matter: 3 of 4 is ln 3."""
    found = by_model(rate([Tally("x", "y", 60_000, 20_000, 0)], resamples=10))
    assert found["x"].rating - found["y"].rating == pytest.approx(POINTS * math.log(3), abs=0.1)
    assert found["x"].rating + found["y"].rating == pytest.approx(2000)


def test_a_tie_is_half_a_win_each() -> None:
    tied = by_model(rate([Tally("x", "y", 30, 10, 40)], resamples=10))
    halves = by_model(rate([Tally("x", "y", 50, 30, 0)], resamples=10))
    assert tied["x"].rating == pytest.approx(halves["x"].rating)
    assert (tied["x"].wins, tied["x"].losses, tied["x"].ties, tied["x"].battles) == (30, 10, 40, 80)
    assert (tied["y"].wins, tied["y"].losses) == (10, 30)


def test_who_has_won_everything_stays_finite_and_uncertain() -> None:
    found = by_model(rate([Tally("x", "y", 1, 0, 0)]))
    assert 1000 < found["x"].rating < 1400
    assert found["x"].low < 1000 < found["x"].high, "one battle says little"
    sure = by_model(rate([Tally("x", "y", 50, 0, 0)]))
    assert sure["x"].low > 1100


def test_the_order_of_battles_and_names_does_not_matter() -> None:
    tallies = battles({"a": 0.0, "b": 0.7, "c": -0.5}, each=20, seed=3)
    turned = [Tally(each.model_b, each.model_a, each.wins_b, each.wins_a, each.ties) for each in reversed(tallies)]
    ours, theirs = by_model(rate(tallies)), by_model(rate(turned))
    for model, rating in ours.items():
        assert theirs[model].rating == pytest.approx(rating.rating)
        assert theirs[model].low == pytest.approx(rating.low, abs=25)


def test_models_that_no_battle_joins_are_rated_apart() -> None:
    tallies = [Tally("a", "b", 5, 1, 0), Tally("b", "c", 3, 3, 0), Tally("x", "y", 2, 2, 0), Tally("z", "z", 0, 0, 9)]
    found = rate([*tallies, Tally("a", "x", 0, 0, 0)], resamples=10)
    assert {each.model_id: each.group for each in found} == {"a": 0, "b": 0, "c": 0, "x": 1, "y": 1}
    for group in (0, 1):
        members = [each.rating for each in found if each.group == group]
        assert sum(members) / len(members) == pytest.approx(1000)


def test_no_battles_are_no_ratings() -> None:
    assert rate([]) == []
    assert rate([Tally("x", "x", 0, 0, 3)]) == []


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """95 %, give or take what 120 simulations of four models can tell."""
    strengths = {"a": 0.0, "b": 0.8, "c": -0.6, "d": 0.2}
    truth = by_model(rate(expected(strengths, ties=0.1), resamples=2))
    held = sum(
        rating.low <= truth[rating.model_id].rating <= rating.high
        for seed in range(120)
        for rating in rate(battles(strengths, each=25, seed=seed, ties=0.1), resamples=200)
    )
    assert 0.91 <= held / 480 <= 0.99


def expected(strengths: dict[str, float], ties: float) -> list[Tally]:
    """Very many battles that end exactly as often as they should."""
    many, tallies = 1_000_000, []
    for a, b in itertools.combinations(sorted(strengths), 2):
        wins_a = round(many * (1 - ties) / (1 + math.exp(strengths[b] - strengths[a])))
        tallies.append(Tally(a, b, wins_a, many - wins_a - round(many * ties), round(many * ties)))
    return tallies
