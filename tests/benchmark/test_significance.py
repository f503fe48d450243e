import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from benchmark.significance import CONFIDENCE_LEVEL, interval, mcnemar_p, p_value, widening


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemars_p_is_scipys_binomial_test(only_a: int, only_b: int) -> None:
    expected = scipy.stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar_p(only_a, only_b) == pytest.approx(expected, rel=1e-9)


def test_very_many_images_are_no_trouble_for_mcnemar() -> None:
    assert 0 <= mcnemar_p(1000, 4000) < 1e-300


@pytest.mark.parametrize("at_or_below_0", [0, 1, 48, 49, 50, 51, 1000, 1948, 1949, 1950, 1951, 2000])
def test_p_is_below_its_limit_exactly_where_the_interval_does_not_hold_0(at_or_below_0: int) -> None:
    draws = np.arange(0.5, 2000) - at_or_below_0
    low, high = interval(draws)
    assert (p_value(draws) < 1 - CONFIDENCE_LEVEL) == (not low <= 0 <= high)


def test_p_counts_the_draws_on_the_rarer_side_and_is_never_0() -> None:
    assert p_value(np.linspace(1, 2, 1999)) == 2 / 2000
    assert p_value(np.array([-1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])) == pytest.approx(2 * 3 / 10)
    assert p_value(np.zeros(2000)) == 1.0


def test_draws_turned_round_have_the_interval_turned_round() -> None:
    draws = np.random.default_rng(0).exponential(size=2000)
    low, high = interval(draws)
    assert (-high, -low) == interval(-draws)


@pytest.mark.parametrize("units", [2, 6, 24, 200])
def test_widening_turns_a_bootstraps_interval_of_a_mean_into_students(units: int) -> None:
    values = np.random.default_rng(1).normal(size=units)
    bootstrap = scipy.stats.norm.ppf(0.975) * values.std(ddof=0) / np.sqrt(units)
    student = scipy.stats.t.ppf(0.975, units - 1) * values.std(ddof=1) / np.sqrt(units)
    assert widening(units) * bootstrap == pytest.approx(student)


def test_a_single_unit_is_not_widened() -> None:
    assert widening(1) == 1.0
