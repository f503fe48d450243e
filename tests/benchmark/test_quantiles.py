import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import quantiles
from benchmark.quantiles import Quantile


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 5), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_a_weighted_quantile_is_numpys_of_repeated_samples(seed: int, units: int, each: int, share: float) -> None:
    random = np.random.default_rng(seed)
    samples = random.normal(size=(each, units)).round(1)
    drawn = random.integers(0, 3, (7, units)).astype(np.int32)
    drawn[:, 0] += 1
    got = Quantile(samples, share).weighted(drawn, np.tile(np.arange(units), each))
    wanted = [np.quantile(np.repeat(samples, counts, axis=1), share) for counts in drawn]
    assert got == pytest.approx(np.array(wanted))


def test_many_draws_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, drawn = np.arange(10.0), np.random.default_rng(0).integers(1, 3, (50, 10)).astype(np.int32)
    at_once = Quantile(samples, 0.5).weighted(drawn, np.arange(10))
    monkeypatch.setattr(quantiles, "_COUNTS_AT_A_TIME", 30)
    assert Quantile(samples, 0.5).weighted(drawn, np.arange(10)).tolist() == at_once.tolist()
