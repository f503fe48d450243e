import pytest

from benchmark.metrics.percentiles import SAMPLES_NEEDED, percentile


@pytest.mark.parametrize("percent", SAMPLES_NEEDED)
def test_a_percentile_needs_its_samples(percent: int) -> None:
    needed = SAMPLES_NEEDED[percent]
    assert percentile([1.0] * (needed - 1), percent) is None
    assert percentile([1.0] * needed, percent) == 1.0


def test_the_values_are_those_of_the_ordered_samples() -> None:
    samples = [float(value) for value in range(1000, -1, -1)]
    assert [percentile(samples, percent) for percent in (50, 90, 99)] == [500.0, 900.0, 990.0]


def test_between_two_samples_it_lies_in_proportion() -> None:
    samples = [float(value) for value in range(64)]
    assert percentile(samples, 50) == pytest.approx(31.5)
    assert percentile(samples, 90) == pytest.approx(56.7)


@pytest.mark.parametrize("percent", SAMPLES_NEEDED)
def test_that_is_the_least_number_that_is_99_percent_sure(percent: int) -> None:
    """The chance that at most one of n samples lies above the percentile must not exceed 1 %."""

    def doubt(n: int) -> float:
        share = percent / 100
        return float(share**n + n * (1 - share) * share ** (n - 1))

    assert doubt(SAMPLES_NEEDED[percent]) <= 0.01 < doubt(SAMPLES_NEEDED[percent] - 1)
