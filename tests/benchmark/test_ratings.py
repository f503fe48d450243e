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
    found = by_model(rate(tallies))
    for model, strength in zip(models, best, strict=True):
        assert found[model].rating == pytest.approx(1000 + POINTS * strength, abs=0.05)


def test_two_models_have_a_closed_form() -> None:
    """With many battles the virtual ties do not matter: 3 of 4 is ln 3."""
    found = by_model(rate([Tally("x", "y", 60_000, 20_000, 0)]))
    assert found["x"].rating - found["y"].rating == pytest.approx(POINTS * math.log(3), abs=0.1)
    assert found["x"].rating + found["y"].rating == pytest.approx(2000)


def test_a_tie_is_half_a_win_each() -> None:
    tied = by_model(rate([Tally("x", "y", 30, 10, 40)]))
    halves = by_model(rate([Tally("x", "y", 50, 30, 0)]))
    assert tied["x"].rating == pytest.approx(halves["x"].rating)
    assert (tied["x"].wins, tied["x"].losses, tied["x"].ties, tied["x"].battles) == (30, 10, 40, 80)
    assert (tied["y"].wins, tied["y"].losses) == (10, 30)


def test_who_has_won_everything_stays_finite_and_uncertain() -> None:
    found = by_model(rate([Tally("x", "y", 1, 0, 0)]))
    assert 1000 < found["x"].rating < 1400
    assert found["x"].low < 1000 < found["x"].high, "one battle says little"
    sure = by_model(rate([Tally("x", "y", 50, 0, 0)]))
    assert sure["x"].low > 1100
    assert sure["x"].high > sure["x"].rating + 300, "it may be better than it had a chance to show"


def test_the_order_of_battles_and_names_does_not_matter() -> None:
    tallies = battles({"a": 0.0, "b": 0.7, "c": -0.5}, each=20, seed=3)
    turned = [Tally(each.model_b, each.model_a, each.wins_b, each.wins_a, each.ties) for each in reversed(tallies)]
    ours, theirs = by_model(rate(tallies)), by_model(rate(turned))
    for model, rating in ours.items():
        assert theirs[model].rating == pytest.approx(rating.rating)
        assert theirs[model].low == pytest.approx(rating.low)


def test_models_that_no_battle_joins_are_rated_apart() -> None:
    tallies = [Tally("a", "b", 5, 1, 0), Tally("b", "c", 3, 3, 0), Tally("x", "y", 2, 2, 0), Tally("z", "z", 0, 0, 9)]
    found = rate([*tallies, Tally("a", "x", 0, 0, 0)])
    assert {each.model_id: each.group for each in found} == {"a": 0, "b": 0, "c": 0, "x": 1, "y": 1}
    for group in (0, 1):
        members = [each.rating for each in found if each.group == group]
        assert sum(members) / len(members) == pytest.approx(1000)


def test_no_battles_are_no_ratings() -> None:
    assert rate([]) == []
    assert rate([Tally("x", "x", 0, 0, 3)]) == []


def test_many_battles_have_the_textbooks_interval() -> None:
    """Two models' distance is the logit of a share: √(1 / wins + 1 / losses). Each is half of it from the middle."""
    (winner, _) = rate([Tally("x", "y", 60_000, 20_000, 0)])
    error = POINTS * math.sqrt(1 / 60_000 + 1 / 20_000) / 2
    assert winner.high - winner.rating == pytest.approx(1.96 * error, rel=1e-3)
    assert winner.rating - winner.low == pytest.approx(1.96 * error, rel=1e-3)


@pytest.mark.parametrize("each", [1, 5, 25])
@pytest.mark.parametrize("apart", [0.3, 1.2])
@pytest.mark.parametrize("models", [2, 6])
def test_each_models_interval_holds_the_truth_as_often_as_it_says(models: int, apart: float, each: int) -> None:
    """The best and the worst one's too. 95 %, less what 300 simulations cannot tell: three standard errors."""
    strengths = {name: apart * (place - (models - 1) / 2) for place, name in enumerate("abcdef"[:models])}
    held = dict.fromkeys(strengths, 0)
    for seed in range(300):
        for rating in rate(battles(strengths, each, seed)):
            held[rating.model_id] += rating.low <= 1000 + POINTS * strengths[rating.model_id] <= rating.high
    assert min(held.values()) / 300 >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 300)


def test_intervals_are_no_wider_than_they_have_to_be() -> None:
    """Where there are battles enough, they miss the truth as often as they say, too."""
    strengths = {"a": 0.0, "b": 0.8, "c": -0.6, "d": -0.2}
    held = sum(
        rating.low <= 1000 + POINTS * strengths[rating.model_id] <= rating.high
        for seed in range(300)
        for rating in rate(battles(strengths, each=50, seed=seed))
    )
    assert 0.93 <= held / 1200 <= 0.97
