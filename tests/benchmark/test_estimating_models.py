"""Models that count without finding boxes, and models that have to be exported first."""

import json

import pytest

from benchmark import Arena, Comparison, LabelledImage, Options


@pytest.fixture(scope="module")
def result(arena: Arena, scenes: list[LabelledImage]) -> Comparison:
    """A model with boxes against one that finds points, and counts those above 0.885: at most two cars of an image."""
    options = Options(min_seconds=0.1, window_seconds=0.2, windows=2, batch_size=2, confidence=0.5)
    return arena.compare("good", "counts_by_points", scenes, options)


def test_it_counts_by_its_own_threshold_and_the_other_by_that_of_the_job(result: Comparison) -> None:
    boxes, points = result.model_a_metrics, result.model_b_metrics
    assert (boxes["confidence_threshold"], points["confidence_threshold"]) == (0.5, 0.885)
    assert {each.predicted_count for each in result.images if each.side == "a"} == {0, 1, 2, 3, 4, 5}
    assert {each.predicted_count for each in result.images if each.side == "b"} == {0, 1, 2}
    # Of 0, 1, … 5 cars it misses 0, 0, 0, 1, 2, 3.
    assert points["count_mae"] == pytest.approx(1.0)


def test_f1_is_that_of_the_counts_for_both_and_only_boxes_have_an_ap(result: Comparison) -> None:
    boxes, points = result.model_a_metrics, result.model_b_metrics
    assert (boxes["f1_basis"], points["f1_basis"]) == ("counts", "counts")
    assert (boxes["ap50"], points["ap50"], points["ap50_95"]) == (pytest.approx(1.0), None, None)
    assert points["f1_score"] == pytest.approx(2 * 9 / (9 + 15))


def test_its_result_is_labelled_an_estimate_and_says_that_nothing_was_calibrated(result: Comparison) -> None:
    assert (result.model_a_metrics["estimate"], result.model_b_metrics["estimate"]) == (False, True)
    assert result.model_b_metrics["count_basis"] == "peaks"
    codes = [each.code for each in result.warnings]
    assert codes.count("estimate") == codes.count("uncalibrated") == 1
    [said] = [each.message for each in result.warnings if each.code == "estimate"]
    assert said.startswith("counts_by_points has no boxes: its counts are an estimate, by peaks of a map.")


def test_the_verdict_tells_the_difference_in_count_error_with_its_interval(result: Comparison) -> None:
    entry = result.verdict.metrics["count_mae"]
    assert (entry["winner"], entry["difference"]) == ("good", pytest.approx(-1.0))
    assert entry["ci_low"] < entry["ci_high"] < 0


def test_points_survive_as_boxes_without_area(result: Comparison) -> None:
    rows = json.loads(json.dumps(result.image_rows()))
    [x1, y1, x2, y2] = next(row for row in rows if row["side"] == "b" and row["detections"])["detections"][0]["box"]
    assert (x1, y1) == (x2, y2)


def test_two_models_with_boxes_are_scored_by_boxes(arena: Arena, scenes: list[LabelledImage], quick: Options) -> None:
    result = arena.compare("good", "exported", scenes, quick)
    assert result.model_a_metrics["f1_basis"] == result.model_b_metrics["f1_basis"] == "boxes"
    assert not {"estimate", "uncalibrated"} & {each.code for each in result.warnings}


def test_the_time_of_an_export_is_told_apart_from_that_of_loading(
    arena: Arena, scenes: list[LabelledImage], quick: Options
) -> None:
    metrics = arena.compare("good", "exported", scenes, quick).model_b_metrics
    assert (metrics["runtime"], metrics["export_s"]) == ("onnx", 1000.0)
    assert metrics["load_s"] < 0  # the fake says to have exported for longer than it took to load
