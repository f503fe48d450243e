"""Differences and ratios, and how sure they are."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import Weights
from benchmark.estimates import estimate_all
from benchmark.metrics.green import green_score
from benchmark.resampling import RESAMPLES
from benchmark.significance import widening
from benchmark.verdict import judge
from tests.benchmark.contenders import contender, pair


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([6, 12, 60, 200]), st.sampled_from(["normal", "counts"]))
def test_the_interval_is_scipys_paired_percentile_bootstrap_widened(seed: int, images: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    draw = random.random if kind == "normal" else lambda count: random.integers(0, 11, count) / 10
    a, b = (contender(name, draw(images), np.ones(images)) for name in "ab")
    expected = scipy.stats.bootstrap(
        (a.accuracies, b.accuracies),
        lambda of_a, of_b, axis: of_a.mean(axis) - of_b.mean(axis),
        paired=True,
        method="percentile",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    entry = judge(a, b, Weights(), seed).metrics["accuracy"]
    low, high = (
        entry["difference"] + (limit - entry["difference"]) / widening(images)
        for limit in (entry["ci_low"], entry["ci_high"])
    )
    # The 2.5 % quantile of 2,000 draws is itself known to about 3 % of the interval's width.
    assert [low, high] == pytest.approx([expected.low, expected.high], abs=0.09 * (expected.high - expected.low))


@pytest.mark.parametrize("a_first", [True, False])
def test_a_machine_that_slows_down_half_way_makes_no_difference(a_first: bool) -> None:
    """Half of all samples take 100 ms, half 140 ms; the one sample between is another one for each model."""
    passes, images = 11, 6
    slow = np.arange(passes * images).reshape(passes, images) > passes * images // 2
    of_a, of_b = np.where(slow, 140.0, 100.0), np.where(slow, 140.0, 100.0)
    (of_a if a_first else of_b)[5, 3:] = 140.0
    noise = np.random.default_rng(0).normal(1, 0.002, (2, passes, images))
    a, b = contender("a", np.ones(images), of_a * noise[0]), contender("b", np.ones(images), of_b * noise[1])
    assert not 0.9 < np.median(a.predict_ms) / np.median(b.predict_ms) < 1.1
    verdict = judge(a, b, Weights(), seed=0)
    entry = verdict.metrics["speed_ms"]
    assert entry["ratio"] == pytest.approx(1.0, abs=0.005)
    assert entry["ratio_low"] <= entry["ratio"] <= entry["ratio_high"]
    assert entry["winner"] == verdict.winner == "tie"
    assert verdict.composite is not None
    assert abs(verdict.composite["difference"]) < 0.005


def test_speed_is_the_median_of_the_pairs_log_ratios() -> None:
    a, b = pair(slower=1.3)
    entry = judge(a, b, Weights(), seed=0).metrics["speed_ms"]
    assert entry["ratio"] == pytest.approx(np.exp(np.median(np.log(a.predict_ms / b.predict_ms))))
    assert (entry["a"], entry["b"]) == (a.metrics["speed_ms"], b.metrics["speed_ms"])
    assert entry["difference"] == pytest.approx(entry["a"] - entry["b"], rel=0.1)
    assert entry["ratio_low"] < entry["ratio"] < entry["ratio_high"] < 1
    assert entry["ci_low"] < entry["difference"] < entry["ci_high"] < 0


def test_latency_is_the_ratio_of_the_90th_percentiles() -> None:
    a, b = pair(slower=1.5)
    entry = judge(a, b, Weights(), seed=0).metrics["latency_ms"]
    wanted = np.exp(np.quantile(np.log(a.total_ms), 0.9) - np.quantile(np.log(b.total_ms), 0.9))
    assert entry["ratio"] == pytest.approx(wanted)
    assert (entry["winner"], entry["test"]) == ("a", "bootstrap")


def test_noise_of_turns_widens_the_interval_where_there_is_one_pass() -> None:
    """12 turns that each differ by 20 %: by 64 images taken for 64 samples it would be half as wide."""
    random = np.random.default_rng(3)
    by_turn = np.repeat(random.normal(0, 0.2, 12), [5, 5, 6] * 4)[:64]
    a = contender("a", np.ones(64), 10 * np.exp(by_turn + random.normal(0, 0.01, 64)))
    low, high = estimate_all(a, contender("b", np.ones(64), 10 * np.ones(64)), 0)["speed_ms"].interval or (0, 0)
    assert high - low > 0.2


def test_exact_counts_are_judged_by_mcnemar() -> None:
    a, b = pair()
    a, b = replace(a, exact=np.arange(60) < 10), replace(b, exact=np.arange(60) >= 40)
    entry = judge(a, b, Weights(), seed=0).metrics["exact_count"]
    assert entry["p_value"] == pytest.approx(scipy.stats.binomtest(10, 30).pvalue)
    assert (entry["test"], entry["winner"]) == ("mcnemar", "tie")
    assert entry["difference"] == pytest.approx(-1 / 6)
    entry = judge(a, replace(b, exact=np.arange(60) >= 20), Weights(), seed=0).metrics["exact_count"]
    assert (entry["p_value"] < 0.05, entry["winner"], entry["ratio"]) == (True, "b", None)


def test_green_is_drawn_from_accuracy_time_and_carbon() -> None:
    ones = np.ones(20)
    a = contender("a", 0.8 * ones, 10 * ones, energy_j_per_image=1.0, carbon_g_per_1k_images=0.1)
    b = contender("b", 0.6 * ones, 20 * ones, energy_j_per_image=4.0, carbon_g_per_1k_images=0.4)
    entry = judge(a, b, Weights(), seed=0).metrics["green_score"]
    of_a, of_b = green_score(0.8, 1e-7, 0.01), green_score(0.6, 4e-7, 0.02)
    assert of_a is not None
    assert of_b is not None
    assert entry["difference"] == pytest.approx(of_a - of_b)
    assert entry["ci_low"] <= entry["difference"] <= entry["ci_high"]
    assert (entry["winner"], entry["test"], entry["ratio"]) == ("a", "bootstrap", None)


@pytest.mark.parametrize(("better", "winner"), [(1.04, "tie"), (1.2, "a")])
def test_green_that_differs_by_what_processes_do_decides_nothing(better: float, winner: str) -> None:
    ones = np.ones(20)
    a = contender("a", 0.8 * ones, 10 * ones, energy_j_per_image=1.0, carbon_g_per_1k_images=0.1)
    b = contender("b", 0.8 * ones, better * 10 * ones, energy_j_per_image=1.0, carbon_g_per_1k_images=0.1 * better)
    a, b = (replace(each, energies_j=value * np.ones(4)) for each, value in ((a, 1.0), (b, better)))
    assert judge(a, b, Weights(), seed=0).metrics["green_score"]["winner"] == winner


def test_throughput_is_judged_by_students_t_of_its_windows() -> None:
    a, b = pair()
    rates = np.array([[31.0, 33.0, 32.0, 34.0], [22.0, 21.0, 23.0, 22.0]])
    entry = judge(replace(a, rates_fps=rates[0]), replace(b, rates_fps=rates[1]), Weights(), 0).metrics[
        "throughput_fps"
    ]
    expected = scipy.stats.ttest_rel(*np.log(rates))
    interval = np.exp(expected.confidence_interval(0.95))
    assert (entry["test"], entry["winner"], entry["p_value"]) == ("t", "a", pytest.approx(expected.pvalue))
    assert [entry["ratio_low"], entry["ratio_high"]] == pytest.approx(list(interval))


def test_every_entry_has_every_key_and_no_winner_against_its_own_test() -> None:
    keys = {"a", "b", "winner", "difference", "ci_low", "ci_high", "p_value", "test"}
    keys |= {"ratio", "ratio_low", "ratio_high"}
    for seed in range(20):
        for entry in judge(*pair(seed, 0.004, 1.02), Weights(), seed).metrics.values():
            assert set(entry) == keys
            if entry["test"] in ("bootstrap", "t"):
                assert (entry["p_value"] < 0.05) == (not entry["ci_low"] <= 0 <= entry["ci_high"])
            if entry["winner"] not in (None, "tie") and entry["test"]:
                assert entry["p_value"] < 0.05


def test_turned_round_every_metric_says_the_opposite() -> None:
    a, b = pair(better=0.02, slower=1.1)
    one, other = judge(a, b, Weights(), seed=3).metrics, judge(b, a, Weights(), seed=3).metrics
    for name, entry in one.items():
        assert entry["winner"] == other[name]["winner"], name
        assert entry["p_value"] == pytest.approx(other[name]["p_value"]), name
        if entry["ci_low"] is not None:
            assert np.array([-entry["ci_high"], -entry["difference"]]) == pytest.approx(
                [other[name]["ci_low"], other[name]["difference"]]
            ), name


def test_images_and_passes_both_widen_the_interval_of_speed() -> None:
    """Where images differ and passes differ, and nothing else does, the two variances add up."""

    def width(of_images: float, of_passes: float) -> float:
        effects = np.random.default_rng(1).normal(size=(2, 24))
        times = np.exp(of_passes * effects[0][:, None] + of_images * effects[1])
        a, b = contender("a", np.ones(24), times), contender("b", np.ones(24), np.ones((24, 24)))
        low, high = estimate_all(a, b, 0)["speed_ms"].interval or (0.0, 0.0)
        return high - low

    assert width(0.1, 0.1) > 1.2 * max(width(0.1, 0.0), width(0.0, 0.1))
