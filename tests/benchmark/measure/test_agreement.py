import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import Detection
from benchmark.measure.agreement import agree, kept
from benchmark.model import Query

CAR = Detection((10.0, 10.0, 50.0, 30.0), 0.8, "car")
ALL = Query(0.001, ("car", "truck"))
OTHER = Detection((60.0, 10.0, 90.0, 30.0), 0.8, "car")

detections = st.lists(
    st.builds(
        Detection,
        st.tuples(*[st.floats(0, 500)] * 4),
        st.floats(0.1, 1),
        st.sampled_from(["car", "truck"]),
    ),
    max_size=6,
)


@given(detections, st.randoms())
def test_the_order_does_not_matter(found: list[Detection], shuffle: random.Random) -> None:
    other = shuffle.sample(found, len(found))
    assert agree(ALL, found, other)


@given(detections)
def test_one_detection_more_is_another_result(found: list[Detection]) -> None:
    assert not agree(ALL, [*found, CAR], found)
    assert not agree(ALL, found, [*found, CAR])


def test_the_same_box_twice_is_not_two_boxes() -> None:
    assert not agree(ALL, [CAR, CAR], [CAR, OTHER])


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (Detection((10.9, 10.0, 50.0, 29.1), 0.8, "car"), True),
        (Detection((11.1, 10.0, 50.0, 30.0), 0.8, "car"), False),
        (Detection((10.0, 10.0, 50.0, 28.9), 0.8, "car"), False),
        (Detection(CAR.box, 0.805, "car"), True),
        (Detection(CAR.box, 0.82, "car"), False),
        (Detection(CAR.box, 0.8, "truck"), False),
    ],
)
def test_rounding_is_forgiven_and_no_more(again: Detection, same: bool) -> None:
    assert agree(ALL, [again], [CAR]) is same


def test_a_query_keeps_what_is_sure_enough_and_of_its_classes() -> None:
    unsure, truck = Detection(CAR.box, 0.25, "car"), Detection(CAR.box, 0.9, "truck")
    assert kept(Query(0.25, ("car",)), [CAR, unsure, truck]) == [CAR]


def test_only_what_the_query_keeps_is_compared() -> None:
    unsure, truck = Detection(OTHER.box, 0.2, "car"), Detection(OTHER.box, 0.9, "truck")
    assert agree(Query(0.25, ("car",)), [CAR], [CAR, unsure, truck])


@pytest.mark.parametrize(("score", "same"), [(0.259, True), (0.27, False)])
def test_at_the_threshold_one_may_come_and_go(score: float, same: bool) -> None:
    query, edge = Query(0.25, ("car",)), Detection(OTHER.box, score, "car")
    assert agree(query, [CAR], [CAR, edge]) is same
    assert agree(query, [CAR, edge], [CAR]) is same
