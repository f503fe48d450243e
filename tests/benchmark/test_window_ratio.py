import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from benchmark.window_ratio import WindowRatio

RATES = st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=2, max_size=20)


@given(RATES)
def test_interval_and_p_are_those_of_scipys_paired_t_test(rates: list[tuple[float, float]]) -> None:
    of_a, of_b = np.log(np.array(rates).T)
    if np.ptp(of_a - of_b) < 1e-6:
        return
    ratio, expected = WindowRatio(of_a - of_b), scipy.stats.ttest_rel(of_a, of_b)
    assert ratio.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    wanted = expected.confidence_interval(0.95)
    assert np.array(ratio.interval) == pytest.approx(np.array(wanted), abs=1e-9)


def test_one_window_says_nothing_of_chance() -> None:
    ratio = WindowRatio(np.array([0.3]))
    assert (ratio.value, ratio.interval, ratio.p_value) == (0.3, None, None)
    assert ratio.draws(10, np.random.default_rng(0)) is None


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.2, pytest.approx(0, abs=1e-15))])
def test_windows_without_any_spread_are_taken_at_their_word(value: float, p: float) -> None:
    ratio = WindowRatio(np.full(4, value))
    assert np.array(ratio.interval) == pytest.approx([value, value])
    assert ratio.p_value == p


def test_draws_have_the_interval_too() -> None:
    ratio = WindowRatio(np.array([0.1, 0.15, 0.3, 0.2]))
    draws = ratio.draws(200_000, np.random.default_rng(0))
    assert draws is not None
    assert ratio.interval == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.01)


def test_draws_of_two_windows_do_not_overflow() -> None:
    draws = WindowRatio(np.array([-8.0, 8.0])).draws(2000, np.random.default_rng(0))
    assert draws is not None
    assert np.isfinite(np.exp(draws)).all()
    assert np.ptp(draws) > 100
