import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.metrics.counts import count_accuracies, count_scores

counts = st.integers(0, 40)


def test_accuracy_of_an_image_is_the_share_that_was_not_missed_or_made_up() -> None:
    assert count_accuracies([4, 3, 0, 9, 0, 1], [4, 4, 4, 4, 0, 0]).tolist() == [1.0, 0.75, 0.0, 0.0, 1.0, 0.0]


def test_errors_are_in_cars_per_image() -> None:
    scores = count_scores([3, 5], [4, 2])
    assert scores.mae == 2.0
    assert scores.rmse == pytest.approx(5**0.5)
    assert scores.bias == 1.0


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=30))
def test_scores_are_those_of_plain_arithmetic(pairs: list[tuple[int, int]]) -> None:
    scores = count_scores([found for found, _ in pairs], [real for _, real in pairs])
    shares = [max(0.0, 1 - abs(found - real) / (real or 1)) for found, real in pairs]
    assert count_accuracies(*zip(*pairs, strict=True)).tolist() == pytest.approx(shares)
    assert scores.accuracy == pytest.approx(sum(shares) / len(pairs))
    assert scores.mae == pytest.approx(sum(abs(found - real) for found, real in pairs) / len(pairs))
    assert scores.rmse == pytest.approx(math.sqrt(sum((found - real) ** 2 for found, real in pairs) / len(pairs)))
    assert scores.bias == pytest.approx(
        (sum(found for found, _ in pairs) - sum(real for _, real in pairs)) / len(pairs)
    )
