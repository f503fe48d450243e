import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from benchmark.students_t import two_sided_limit, two_sided_p

DEGREES = st.integers(1, 400)


@given(st.floats(-30, 30), DEGREES)
def test_p_is_scipys(t: float, degrees: int) -> None:
    # scipy itself is off by 1e-8 for t next to 0.
    assert two_sided_p(t, degrees) == pytest.approx(2 * scipy.stats.t.sf(abs(t), degrees), abs=1e-7)


@given(st.floats(0.5, 0.999), DEGREES)
def test_the_limit_is_scipys(confidence: float, degrees: int) -> None:
    assert two_sided_limit(confidence, degrees) == pytest.approx(scipy.stats.t.ppf((1 + confidence) / 2, degrees))


def test_p_is_never_0() -> None:
    assert 0 < two_sided_p(float("inf"), 3) < 1e-15
