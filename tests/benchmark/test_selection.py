"""Which images a comparison goes by, and when too few are left."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import BenchmarkError, Cancelled, InputError, LabelledImage, LeftOut, TooFewImages, TooFewImagesNow
from benchmark.decoding import Examiner
from benchmark.selection import Entries, Intake, Selection

REFUSED = LeftOut("no.jpg", "image_refused", "The server answered 404.")
LATE = LeftOut("late.jpg", "image_unreachable", "The server answered 503.", transient=True)


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as opened:
        yield opened


@pytest.fixture
def broken(tmp_path: Path) -> LabelledImage:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return LabelledImage(tmp_path / "broken.png", "scenes/broken.png", 1)


def here(entries: Entries) -> "Future[Entries]":
    future: Future[Entries] = Future()
    future.set_result(entries)
    return future


def never() -> bool:
    return False


def select(examiner: Examiner, entries: Entries, max_left_out: float = 0.5) -> Selection:
    return Intake(here(entries), examiner, max_left_out).selection(never)


def test_an_image_that_cannot_be_used_is_left_out_and_the_others_keep_their_place(
    examiner: Examiner, scenes: Sequence[LabelledImage], broken: LabelledImage
) -> None:
    selection = select(examiner, [scenes[0], REFUSED, scenes[1], broken, scenes[2], LATE])
    assert [each.image_path for each in selection.images] == [scenes[n].image_path for n in range(3)]
    assert selection.indices == [0, 2, 4]
    assert selection.sizes == [(80, 60)] * 3
    assert list(selection.left_out) == [1, 3, 5]
    assert selection.left_out[3].code == "bad_image"
    assert selection.total == 6


def test_the_reason_names_no_image(examiner: Examiner, scenes: list[LabelledImage], broken: LabelledImage) -> None:
    outside = replace(scenes[1], boxes=((70.0, 5.0, 99.0, 9.0),))
    selection = select(examiner, [*scenes[2:5], broken, outside])
    reasons = [each.to_json(index) for index, each in selection.left_out.items()]
    assert [each["code"] for each in reasons] == ["bad_image", "box_outside_image"]
    assert "scenes" not in str(reasons)
    assert ".png" not in str(reasons)


@pytest.mark.parametrize(("good", "bad", "share"), [(1, 1, 0.5), (4, 1, 0.2), (1, 3, 0.75), (1, 0, 0.0)])
def test_up_to_the_share_may_be_unusable(
    examiner: Examiner, scenes: list[LabelledImage], good: int, bad: int, share: float
) -> None:
    assert len(select(examiner, [*scenes[:good], *[REFUSED] * bad], share).images) == good


@pytest.mark.parametrize(("good", "bad", "share"), [(1, 2, 0.5), (4, 2, 0.2), (3, 1, 0.0), (0, 2, 1.0)])
def test_beyond_it_or_without_any_the_comparison_fails(
    examiner: Examiner, scenes: list[LabelledImage], good: int, bad: int, share: float
) -> None:
    with pytest.raises(
        TooFewImages, match=rf"^{bad} of {good + bad} images cannot be used\. no\.jpg: .* 404"
    ) as caught:
        select(examiner, [*scenes[:good], *[REFUSED] * bad], share)
    assert not caught.value.transient


@pytest.mark.parametrize(
    ("left_out", "now"),
    [([LATE] * 3, True), ([LATE, LATE, REFUSED], True), ([LATE, REFUSED, REFUSED], True), ([REFUSED] * 3, False)],
)
def test_it_is_transient_where_enough_may_be_usable_later(
    examiner: Examiner, scenes: list[LabelledImage], left_out: list[LeftOut], now: bool
) -> None:
    with pytest.raises(TooFewImages) as caught:
        select(examiner, [*scenes[:2], *left_out])
    assert isinstance(caught.value, TooFewImagesNow) == caught.value.transient == now


def test_of_many_only_some_are_named(examiner: Examiner) -> None:
    with pytest.raises(TooFewImages, match=r"^5 of 5 images .* And 2 more\.$"):
        select(examiner, [REFUSED] * 5)


def test_the_only_one_is_called_so(examiner: Examiner) -> None:
    with pytest.raises(TooFewImages, match=r"^The only image cannot be used\. no\.jpg: The server answered 404\.$"):
        select(examiner, [REFUSED])


def test_there_must_be_some(examiner: Examiner) -> None:
    with pytest.raises(InputError, match="no images"):
        select(examiner, [])


def test_what_brings_them_may_fail(examiner: Examiner) -> None:
    future: Future[Entries] = Future()
    future.set_exception(TimeoutError("of its own"))
    intake = Intake(future, examiner, 0.5)
    assert intake.here
    assert intake.failed
    with pytest.raises(TimeoutError, match="of its own"):
        intake.selection(never)


def test_waiting_for_them_can_be_broken_off(examiner: Examiner) -> None:
    intake = Intake(Future(), examiner, 0.5)
    assert not intake.here
    assert not intake.failed
    with pytest.raises(Cancelled):
        intake.selection(lambda: True)


def test_they_are_waited_for_and_examined_once(examiner: Examiner, scenes: list[LabelledImage]) -> None:
    future: Future[Entries] = Future()
    intake = Intake(future, examiner, 0.5)
    threading.Timer(0.3, future.set_result, [scenes[:2]]).start()
    assert len(intake.selection(never).images) == 2
    assert intake.selection(lambda: True) is intake.selection(never)


def test_errors_have_codes_of_their_own() -> None:
    kinds: list[type[BenchmarkError]] = [TooFewImages, TooFewImagesNow]
    assert [each.code for each in kinds] == ["too_few_images", "too_few_images_now"]
