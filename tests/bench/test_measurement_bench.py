"""What the verdict promises, of few simulated comparisons; all follow from their seeds, so none is lucky twice."""

import numpy as np

from tests.bench.measurement.coverage import NOISES, Coverage
from tests.bench.measurement.simulated_comparison import SimulatedComparison
from tests.bench.measurement.simulated_model import SimulatedModel
from tests.bench.measurement.simulation import PROCESS_SPREAD, Drift, Power, Ties


def test_a_model_against_itself_is_a_tie_whatever_the_machine_does() -> None:
    for process_spread in (0.0, PROCESS_SPREAD):
        winners = [verdict.winner for verdict in Ties(60).verdicts(process_spread)]
        assert winners.count("tie") >= 57


def test_equally_good_models_seldom_win_on_any_metric() -> None:
    verdicts = Ties(60).verdicts(itself=False)
    for name in ("accuracy", "exact_count", "f1_score", "speed_ms", "latency_ms", "energy_j_per_image"):
        assert sum(verdict.metrics[name]["winner"] != "tie" for verdict in verdicts) <= 7, name


def test_a_model_that_is_a_tenth_slower_loses_on_speed() -> None:
    assert Power(40).slower() >= 90


def test_a_model_that_counts_5_points_better_wins_on_accuracy() -> None:
    assert Power(40).more_accurate() >= 80


def test_turns_keep_drift_out_of_the_ratio_and_one_after_the_other_does_not() -> None:
    interleaved, sequential = Drift(30).errors("linear ±20 %")
    assert max(interleaved) < 2
    assert np.mean(sequential) > 10


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    coverage = Coverage(count=80)
    for passes, images, noise in ((11, 6, "and images"), (20, 24, "and passes"), (1, 64, "and turns")):
        speed, _ = coverage.shares(NOISES[noise], passes, images)
        assert 89 <= speed <= 100, (passes, images, noise)


def test_a_simulated_comparison_follows_from_its_seed() -> None:
    models = (SimulatedModel("a"), SimulatedModel("b"))
    one, again, other = (SimulatedComparison(models, seed, 12, "random walk").verdict() for seed in (5, 5, 6))
    assert one == again != other
