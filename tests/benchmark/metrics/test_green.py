import pytest

from benchmark.metrics.green import green_score


def test_a_factor_of_ten_in_efficiency_is_14_points() -> None:
    dirty, clean = green_score(0.8, 1e-7, 0.03), green_score(0.8, 1e-8, 0.03)
    assert dirty is not None
    assert clean is not None
    assert clean - dirty == pytest.approx(100 / 7)


def test_it_follows_its_formula() -> None:
    assert green_score(0.85, 1e-8, 0.03) == pytest.approx(100 * (9.452298 - 4) / 7, abs=1e-4)


def test_it_stays_within_its_range() -> None:
    assert green_score(1.0, 1.0, 1.0) == 0.0
    assert green_score(1.0, 1e-12, 1e-4) == 100.0


def test_a_model_that_finds_nothing_scores_nothing() -> None:
    assert green_score(0.0, 1e-8, 0.01) == 0.0


@pytest.mark.parametrize("carbon", [None, 0.0])
def test_unmeasured_carbon_gives_no_score(carbon: float | None) -> None:
    assert green_score(0.9, carbon, 0.01) is None


def test_no_time_gives_no_score() -> None:
    assert green_score(0.9, 1e-8, 0.0) is None
