import pytest

from benchmark.metrics.counts import count_accuracies, count_scores


def test_accuracy_of_an_image_is_the_share_that_was_not_missed_or_made_up() -> None:
    assert count_accuracies([4, 3, 0, 9, 0, 1], [4, 4, 4, 4, 0, 0]).tolist() == [1.0, 0.75, 0.0, 0.0, 1.0, 0.0]


def test_errors_are_in_cars_per_image() -> None:
    scores = count_scores([3, 5], [4, 2])
    assert scores.mae == 2.0
    assert scores.rmse == pytest.approx(5**0.5)
    assert scores.bias == 1.0
