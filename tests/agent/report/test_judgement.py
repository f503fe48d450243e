"""How a difference is said."""

from typing import Any

import pytest

from agent.report.judgement import Judgement, judgement
from agent.report.metric import GROUPS, SCORE, Metric, significant
from tests.agent.report.rows import entry

METRICS = {metric.name: metric for _, _, metrics in GROUPS for metric in metrics}


def judged(name: str, values: dict[str, Any]) -> Judgement:
    row = {"model_a_id": "first", "model_b_id": "second", "verdict": {"metrics": {name: values}}}
    found = judgement(METRICS[name], row)
    assert found
    return found


def test_less_time_is_better_for_a() -> None:
    found = judged("speed_ms", entry(10.0, 20.0, "first", ratio=0.5, ratio_low=0.4, ratio_high=0.8))
    assert (found.of.better, found.of.is_beyond_chance) == ("a", True)
    assert (found.estimate, found.limits) == ("A 2.00×", "A 1.25× to 2.50×")


def test_more_throughput_is_better_for_a() -> None:
    found = judged("throughput_fps", entry(20.0, 10.0, "first", ratio=2.0, ratio_low=1.25, ratio_high=2.5))
    assert (found.estimate, found.limits) == ("A 2.00×", "A 1.25× to 2.50×")


def test_more_accuracy_is_better_for_b() -> None:
    found = judged("accuracy", entry(0.7, 0.8, "second", ci_low=-0.15, ci_high=-0.05))
    assert (found.estimate, found.limits, found.of.better) == ("B +10.0", "B +5.0 to +15.0", "b")


def test_an_interval_across_the_middle_names_both_sides() -> None:
    found = judged("accuracy", entry(0.7, 0.72, "tie", ci_low=-0.06, ci_high=0.03))
    assert found.limits == "A +3.0 to B +6.0"
    assert (found.of.better, found.of.is_beyond_chance) == (None, False)


def test_without_an_interval_nothing_is_sure() -> None:
    found = judged("memory_mb", entry(100.0, 200.0, "first", ratio=0.5))
    assert (found.of.better, found.of.is_beyond_chance, found.limits) == ("a", False, "")


def test_an_interval_without_an_end_says_so() -> None:
    found = judged("energy_j_per_image", entry(10.0, 20.0, "tie", ci_low=-30.0, ci_high=4.0))
    assert (found.estimate, found.limits) == ("A 2.00×", "A > 100× to B 1.20×")


def test_the_p_value_names_its_test_if_it_is_one_that_is_known() -> None:
    assert judged("accuracy", entry(1, 0, p_value=0.0312, test="t")).evidence == "p = 0.031, paired t‑test"
    assert judged("accuracy", entry(1, 0, p_value=0.00001, test="<b>")).evidence == "p < 0.001"
    assert judged("accuracy", entry(1, 0)).evidence == ""


def test_a_metric_that_was_not_judged_is_taken_from_the_metrics() -> None:
    row = {"model_a_metrics": {"ap50": 0.7}, "model_b_metrics": {"ap50": 0.6}, "verdict": {}}
    found = judgement(METRICS["ap50"], row)
    assert found
    assert (found.estimate, found.of.better, found.limits) == ("A +10.0", None, "")


def test_the_score_is_in_points_of_100_and_won_by_the_winner() -> None:
    composite = {"a": 0.5, "b": 0.75, "difference": -0.25, "ci_low": -0.3, "ci_high": -0.2}
    found = judgement(SCORE, {"model_a_id": "x", "model_b_id": "y", "winner": "y", "verdict": {"composite": composite}})
    assert found
    assert (found.values, found.limits, found.of.better) == ({"a": "50.0", "b": "75.0"}, "B +20.0 to +30.0", "b")


def test_a_zero_has_no_ratio() -> None:
    assert judged("energy_j_per_image", entry(0.0, 2.0)).estimate == "no ratio: one of them is 0"


def test_ratios_beyond_a_hundred_are_not_written_out() -> None:
    found = judged("energy_j_per_image", entry(1.0, 2.0, "tie", ratio=0.5, ratio_low=1e-40, ratio_high=1e39))
    assert found.limits == "A > 100× to B > 100×"


def test_every_metric_has_a_name_of_its_own_and_a_meaning() -> None:
    metrics = [metric for _, _, metrics in GROUPS for metric in metrics]
    assert len({metric.name for metric in metrics}) == len({metric.label for metric in metrics}) == len(metrics)
    assert all(isinstance(metric, Metric) and metric.meaning.endswith(".") for metric in metrics)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1240.4, "1,240"), (99.96, "100"), (12.34, "12.3"), (9.994, "9.99"), (9.996, "10.0"),
     (0.9996, "1.00"), (0.0312, "0.0312"), (-12.34, "-12.3"), (0.00001234, "1.2e-05")],
)  # fmt: skip
def test_numbers_keep_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text
