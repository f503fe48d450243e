from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmark.box_agreement import BoxAgreement
from benchmark.detection import Detection
from benchmark.doubts import result_warnings
from benchmark.evidence import Evidence
from benchmark.measure.messages import Detected
from tests.benchmark.test_doubts import MODEL, QUIET

CAR = Detection((10.0, 20.0, 30.0, 40.0), 0.9, "car")


def moved(by_px: float = 0.0, score: float = 0.0, label: str = "car") -> Detection:
    x1, y1, x2, y2 = CAR.box
    return Detection((x1 + by_px, y1, x2, y2), CAR.score + score, label)


def seen(model_id: str, *found: Detection, sha256: str = "0" * 64) -> Evidence:
    """In the first of three images; nothing in the others."""
    return replace(MODEL, model_id=model_id, weights_sha256=sha256, detected=Detected((found, (), ()), settled=True))


def agreement(of_a: Sequence[Detection], of_b: Sequence[Detection]) -> BoxAgreement:
    found = seen("m", *of_a).agreement_with(seen("m@onnx", *of_b))
    assert found is not None
    return found


def test_only_the_same_weights_under_two_names_are_compared() -> None:
    assert seen("a", CAR).agreement_with(seen("b", CAR, sha256="1" * 64)) is None
    assert seen("a", CAR).agreement_with(seen("a", CAR)) is None
    assert seen("a", CAR).agreement_with(seen("a@onnx", CAR)) is not None


def test_what_rounding_does_is_measured_and_agrees() -> None:
    found = agreement([CAR], [moved(0.5, -0.004)])
    assert (found.found_a, found.found_b, found.matched, found.agrees) == (1, 1, 1, True)
    assert found.largest_box_difference_px == 0.5
    assert round(found.largest_score_difference, 6) == 0.004


def test_a_box_further_off_another_score_or_another_class_does_not_agree() -> None:
    for other in (moved(1.5), moved(score=-0.02), moved(label="truck")):
        found = agreement([CAR], [other])
        assert (found.matched, found.agrees) == (0, False)


def test_a_detection_that_one_lacks_does_not_agree_unless_it_is_at_the_threshold() -> None:
    assert not agreement([CAR], []).agrees
    faint = Detection((50.0, 50.0, 60.0, 60.0), 0.255, "car")
    found = agreement([CAR, faint], [CAR])
    assert (found.at_threshold, found.agrees) == (1, True)


def test_each_detection_is_matched_once_with_the_closest() -> None:
    found = agreement([CAR, CAR], [moved(0.9), moved(0.1)])
    assert found.matched == 2
    assert found.largest_box_difference_px == pytest.approx(0.9)
    assert not agreement([CAR, CAR], [CAR]).agrees


def test_no_cars_at_all_agree() -> None:
    found = agreement([], [])
    assert (found.matched, found.agrees, found.largest_box_difference_px) == (0, True, 0.0)


def test_it_is_told_as_json_with_its_tolerances() -> None:
    told = agreement([CAR], [CAR]).to_json()
    assert told["agrees"] is True
    assert (told["box_tolerance_px"], told["score_tolerance"]) == (1.0, 0.01)


def test_runtimes_that_do_not_agree_are_a_doubt() -> None:
    pair = [seen("m", CAR), seen("m@onnx")]
    [warning] = result_warnings(pair, QUIET, pair[0].agreement_with(pair[1]))
    assert warning.code == "runtimes_differ"
    assert warning.message == "m and m@onnx have the same weights, but found different cars: 0 of 1 are the same."
    assert result_warnings(pair, QUIET, None) == []
