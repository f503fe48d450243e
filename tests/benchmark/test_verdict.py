import re
from dataclasses import replace

import numpy as np
import pytest

from benchmark import Weights
from benchmark.resampling import Contender
from benchmark.verdict import judge
from tests.benchmark.contenders import contender, pair


def without_energy(contender: Contender) -> Contender:
    metrics = {**contender.metrics, "energy_j_per_image": None}
    return replace(contender, metrics=metrics, energies_j=np.array([]))


def test_a_clearly_better_model_wins_and_the_sentence_says_how() -> None:
    verdict = judge(*pair(better=0.15, slower=1.12), Weights(), seed=0)
    assert verdict.winner == "b"
    assert verdict.sentence == "b wins: 14.8 points better in accuracy [14.5, 15.2], 12 % slower"


def test_a_faster_equal_model_wins_on_speed() -> None:
    verdict = judge(*pair(slower=2.0), Weights(), seed=0)
    assert verdict.winner == "a"
    assert verdict.metrics["speed_ms"]["winner"] == "a"
    assert verdict.metrics["accuracy"]["winner"] == "tie"
    assert "no certain difference in accuracy" in verdict.sentence
    assert "% faster" in verdict.sentence


def test_the_verdict_does_not_depend_on_who_is_a() -> None:
    a, b = pair(better=0.1)
    one, other = judge(a, b, Weights(), seed=3), judge(b, a, Weights(), seed=3)
    assert one.winner == other.winner == "b"
    assert one.composite is not None
    assert other.composite is not None
    assert one.composite["difference"] == pytest.approx(-other.composite["difference"])
    assert one.composite["ci_low"] == pytest.approx(-other.composite["ci_high"])


def test_equal_models_under_two_names_tie_nearly_always() -> None:
    winners = [judge(*pair(seed), Weights(), seed=0).winner for seed in range(60)]
    assert winners.count("tie") >= 54


def test_a_model_against_itself_ties_whatever_was_measured() -> None:
    a, b = pair(better=0.2)
    verdict = judge(a, contender("a", b.accuracies, b.predict_ms), Weights(), seed=0)
    assert verdict.winner == "tie"
    assert {entry["winner"] for entry in verdict.metrics.values()} == {"tie"}
    assert "itself" in verdict.sentence


def measured_again(seed: int, thrift: float = 1.0, speed: float = 1.0, windows: int = 2) -> tuple[Contender, Contender]:
    """A model and one `thrift` times as thrifty and `speed` times as fast: 3 % noise on each time and each window."""
    random = np.random.default_rng(seed)
    accuracies, times_ms = random.uniform(0.3, 0.8, 24), random.uniform(20, 30, 24)

    def measured(model_id: str, thrift: float, speed: float) -> Contender:
        latencies_ms = times_ms / speed * (1 + random.normal(0, 0.03, 24))
        energies = 2 / thrift * (1 + random.normal(0, 0.03, windows))
        memory_mb = 500 * (1 + random.normal(0, 0.01))
        figures = contender(
            model_id, accuracies, latencies_ms, energy_j_per_image=float(energies.mean()), memory_mb=memory_mb
        )
        return replace(figures, energies_j=energies)

    return measured("a", 1.0, 1.0), measured("b", thrift, speed)


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_noise_alone_makes_no_winner(windows: int) -> None:
    verdicts = [judge(*measured_again(seed, windows=windows), Weights(), seed) for seed in range(200)]
    assert [verdict.winner for verdict in verdicts].count("tie") >= 180
    energies = [verdict.metrics["energy_j_per_image"] for verdict in verdicts]
    assert sum(each["winner"] != "tie" and each["ci_low"] is not None for each in energies) <= 20
    assert {each["ci_low"] is None for each in energies} == {windows == 1}


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_a_model_twice_as_thrifty_and_a_fifth_faster_wins(windows: int) -> None:
    verdicts = [judge(*measured_again(seed, 2.0, 1.2, windows), Weights(), seed) for seed in range(50)]
    assert [verdict.winner for verdict in verdicts].count("b") >= 48
    assert all("% less energy" in verdict.sentence for verdict in verdicts if windows != 2 and verdict.winner == "b")


def test_energy_of_one_window_is_shown_but_decides_nothing() -> None:
    a, b = pair()
    b = replace(b, metrics={**b.metrics, "energy_j_per_image": 1.0}, energies_j=np.array([1.0]))
    verdict = judge(replace(a, energies_j=np.array([2.0])), b, Weights(), seed=0)
    energy = verdict.metrics["energy_j_per_image"]
    assert (energy["winner"], energy["ci_low"], energy["ci_high"]) == ("b", None, None)
    assert verdict.composite is not None
    assert verdict.composite["difference"] == pytest.approx(-0.1, abs=0.01)
    assert verdict.composite["ci_low"] < -0.09
    assert verdict.composite["ci_high"] > -0.01
    assert judge(replace(a, energies_j=np.array([2.0])), b, Weights(0, 0, 1, 0), seed=0).winner == "tie"


def test_the_interval_of_energy_has_students_width() -> None:
    """Log ratios of 0.1 and 0.3: 0.2 ± 12.7 · 0.1 with two windows; the difference follows from the middle, 2 J."""
    ratios = np.array([0.1, 0.3])
    ones = np.ones(20)
    a = replace(contender("a", ones, ones), energies_j=2 * np.exp(ratios / 2))
    b = replace(contender("b", ones, ones), energies_j=2 * np.exp(-ratios / 2))
    energy = judge(a, b, Weights(), seed=0).metrics["energy_j_per_image"]
    low, high = (np.arcsinh(energy[key] / 4) * 2 for key in ("ci_low", "ci_high"))
    assert (low, high) == (pytest.approx(0.2 - 1.27, abs=0.25), pytest.approx(0.2 + 1.27, abs=0.25))


@pytest.mark.parametrize(
    ("memory_mb", "of_memory", "of_all"),
    [
        (510.0, "tie", "tie"),
        (475.5, "tie", "tie"),
        (540.0, "a", "tie"),
        (465.0, "b", "tie"),
        (600.0, "a", "a"),
        (400.0, "b", "b"),
    ],
)
def test_a_few_mebibytes_decide_nothing(memory_mb: float, of_memory: str, of_all: str) -> None:
    """One figure each: a process that has 6 % more has it by chance."""
    ones = np.ones(20)
    a, b = contender("a", 0.8 * ones, 10 * ones), contender("b", 0.8 * ones, 10 * ones, memory_mb=memory_mb)
    verdict = judge(a, b, Weights(), seed=0)
    assert (verdict.metrics["memory_mb"]["winner"], verdict.winner) == (of_memory, of_all)


@pytest.mark.parametrize("images", [1, 2, 5])
def test_few_images_decide_nothing(images: int) -> None:
    verdict = judge(*pair(better=0.2, slower=0.5, images=images), Weights(), seed=0)
    assert verdict.winner == "tie"
    assert verdict.metrics["accuracy"]["ci_low"] is None
    assert verdict.metrics["accuracy"]["winner"] is None
    few = "1 image is" if images == 1 else f"{images} images are"
    assert f"{few} too few" in verdict.sentence


def test_with_few_images_a_winner_by_memory_is_still_described() -> None:
    a, b = pair(better=0.2, images=2)
    verdict = judge(replace(a, metrics={**a.metrics, "memory_mb": 100.0}), b, Weights(0.1, 0, 0, 0.9), seed=0)
    assert verdict.winner == "a"
    assert verdict.sentence.startswith("a wins: too few images to compare accuracy (it takes 6), ")


def test_energy_that_differs_less_than_its_windows_do_decides_nothing() -> None:
    ones = np.ones(20)
    a, b = (
        contender(name, 0.8 * ones, 10 * ones, energy_j_per_image=joules) for name, joules in (("a", 2), ("b", 2.2))
    )
    steady = judge(a, b, Weights(0, 0, 1, 0), seed=0)
    shaky = judge(
        replace(a, energies_j=np.array([1.2, 2.8])), replace(b, energies_j=np.array([2.9, 1.5])), Weights(0, 0, 1, 0), 0
    )
    assert (steady.winner, shaky.winner) == ("a", "tie")
    assert steady.metrics["energy_j_per_image"]["winner"] == "a"
    assert shaky.metrics["energy_j_per_image"]["winner"] == "tie"


def test_what_was_not_measured_drops_out_and_its_weight_is_shared() -> None:
    a, b = pair()
    verdict = judge(a, without_energy(b), Weights(), seed=0)
    assert verdict.weights == pytest.approx({"accuracy": 0.5, "speed": 0.375, "memory": 0.125})
    assert verdict.metrics["energy_j_per_image"]["winner"] is None


def test_with_nothing_left_to_weigh_it_is_a_tie_that_says_so() -> None:
    a, b = pair(better=0.2)
    a, b = without_energy(a), without_energy(b)
    verdict = judge(a, b, Weights(0, 0, 1, 0), seed=0)
    assert (verdict.winner, verdict.composite, verdict.weights) == ("tie", None, {})
    assert "nothing that has a weight" in verdict.sentence


def test_the_composite_is_the_weighted_sum_of_best_over_this() -> None:
    ones = np.ones(20)
    a = contender("a", 0.8 * ones, 10 * ones, energy_j_per_image=1.0, memory_mb=400.0)
    b = contender("b", 0.6 * ones, 20 * ones, energy_j_per_image=4.0, memory_mb=800.0)
    verdict = judge(a, b, Weights(), seed=0)
    assert verdict.composite is not None
    assert verdict.composite["a"] == pytest.approx(0.4 * 0.8 + 0.3 + 0.2 + 0.1)
    assert verdict.composite["b"] == pytest.approx(0.4 * 0.6 + 0.3 / 2 + 0.2 / 4 + 0.1 / 2)
    assert verdict.sentence == (
        "a wins: 20.0 points better in accuracy [20.0, 20.0], 100 % faster, 75 % less energy, 50 % less memory"
    )


@pytest.mark.parametrize(("slower", "winner"), [(1.04, "tie"), (1.08, "a")])
def test_a_difference_in_speed_below_the_resolution_decides_nothing(slower: float, winner: str) -> None:
    verdict = judge(*pair(slower=slower), Weights(), seed=0)
    assert verdict.winner == verdict.metrics["speed_ms"]["winner"] == winner
    assert verdict.to_json()["resolution"] == 0.05


def test_noise_that_lasts_for_a_whole_pass_makes_no_winner() -> None:
    """10 % on each model's each pass: with each image's median taken for exact, a third of these would be won."""

    def noisy(seed: int) -> tuple[Contender, Contender]:
        random = np.random.default_rng(seed)
        times_ms, accuracies = random.uniform(20, 30, 24), random.uniform(0.3, 0.8, 24)
        a, b = (
            contender(
                name, accuracies, times_ms * (1 + random.normal(0, 0.1, (6, 1)) + random.normal(0, 0.01, (6, 24)))
            )
            for name in ("a", "b")
        )
        return a, b

    winners = [judge(*noisy(seed), Weights(0, 1, 0, 0), seed=0).winner for seed in range(100)]
    assert winners.count("tie") >= 88


def test_untested_metrics_have_a_winner_only_beyond_the_resolution() -> None:
    a, b = pair()
    b = replace(b, metrics={**b.metrics, "memory_mb": 510.0}, rates_fps=np.array([40.0]), energies_j=np.array([9.0]))
    a = replace(a, rates_fps=np.array([30.0]), energies_j=np.array([2.0]))
    metrics = judge(a, b, Weights(), seed=0).metrics
    wanted = {"throughput_fps": "b", "green_score": None, "memory_mb": "tie", "carbon_g_per_1k_images": "a"}
    assert {name: metrics[name]["winner"] for name in wanted} == wanted
    assert {metrics[name][key] for name in wanted for key in ("ci_low", "ratio_high", "p_value", "test")} == {None}


def test_draws_that_tie_count_half() -> None:
    ones = np.ones(20)
    verdict = judge(contender("a", ones, ones), contender("b", ones, ones), Weights(), seed=0)
    assert verdict.composite is not None
    assert verdict.composite["share_a_better"] == 0.5


def test_zero_has_no_sign_in_the_sentence() -> None:
    ones = np.ones(20)
    verdict = judge(contender("a", ones, ones), contender("b", ones, 2 * ones), Weights(), seed=0)
    assert verdict.sentence == "a wins: no certain difference in accuracy [0.0, 0.0], 100 % faster"
    tie = judge(contender("a", ones, ones), contender("b", ones, ones), Weights(), seed=0)
    assert tie.sentence == "A tie: the difference in score, +0.0 points [+0.0, +0.0], may be chance."


def test_the_good_comes_first_and_much_bad_is_marked() -> None:
    ones = np.ones(20)
    a = contender("a", 0.8 * ones, 10 * ones, energy_j_per_image=1.0)
    b = contender("b", 0.9 * ones, 8 * ones, energy_j_per_image=9.0)
    assert judge(a, b, Weights(0, 0, 1, 0), seed=0).sentence == (
        "a wins: 89 % less energy, but 10.0 points worse in accuracy [10.0, 10.0], 25 % slower"
    )


def test_a_tie_of_models_that_are_good_at_different_things_says_at_what() -> None:
    a, b = pair(better=0.2, slower=1.6)
    verdict = judge(a, b, Weights(0.654, 0.346, 0, 0), seed=0)
    told = re.fullmatch(
        r"A tie: a is better in speed, b is better in accuracy; weighed together, "
        r"the difference in score, (\S+) points \[(\S+), (\S+)\], may be chance\.",
        verdict.sentence,
    )
    assert told is not None
    assert verdict.composite is not None
    points = [100 * verdict.composite[key] for key in ("difference", "ci_low", "ci_high")]
    assert [float(each) for each in told.groups()] == pytest.approx(points, abs=0.05)


def test_what_is_uncertain_stands_between_the_good_and_the_bad() -> None:
    ones = np.ones(20)
    a, b = contender("a", ones, 10 * ones), contender("b", ones, 20 * ones, memory_mb=400.0)
    assert judge(a, b, Weights(), seed=0).sentence == (
        "a wins: 100 % faster, no certain difference in accuracy [0.0, 0.0], 25 % more memory"
    )
