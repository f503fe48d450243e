"""The page as a whole: what it says, what it survives, and that a stranger's text stays text."""

import base64
import copy
import hashlib
import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from agent.report import report_html, write_report
from benchmark import LabelledImage
from tests.agent.report.rows import Page, Row, entry, labelled_images, result_row

KeyPath = tuple[str, ...]

HOSTILE = (
    "</script></style></title>--><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='alert(1)' {{7*7}}"
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledImage]:
    return labelled_images(tmp_path_factory.mktemp("images"))


def page(row: Row, images: list[LabelledImage] | None = None) -> Page:
    return Page(report_html(row, images or []))


def with_texts_replaced(value: Any, text: str) -> Any:
    """Every text replaced but those that are words of the format."""
    if isinstance(value, dict):
        return {
            key: each if key in ("side", "test") else with_texts_replaced(each, text) for key, each in value.items()
        }
    if isinstance(value, list):
        return [with_texts_replaced(each, text) for each in value]
    return text if isinstance(value, str) else value


def every_path(value: Row, path: KeyPath = ()) -> Iterator[KeyPath]:
    for key, each in value.items():
        yield (*path, key)
        if isinstance(each, dict):
            yield from every_path(each, (*path, key))


def apart(paths: list[KeyPath]) -> Iterator[list[KeyPath]]:
    """Groups in which no part hides another: an object that holds parts is alone, of all others one of each object."""
    objects = {path[:-1] for path in paths}
    yield from ([path] for path in paths if path in objects)
    held = [[path for path in paths if path[:-1] == holder and path not in objects] for holder in sorted(objects)]
    longest = max(map(len, held))
    for index in range(longest):  # shifted, so that A and B do not lack the same
        places = [((index + shift) % longest, members) for shift, members in enumerate(held)]
        yield [members[place] for place, members in places if place < len(members)]


def changed(row: Row, *paths: KeyPath, **new: Any) -> Row:
    """A copy in which the values at `paths` are `new["to"]`, or gone."""
    copied = copy.deepcopy(row)
    for path in paths:
        holder = copied
        for key in path[:-1]:
            holder = holder[key]
        if new:
            holder[path[-1]] = new["to"]
        else:
            del holder[path[-1]]
    return copied


def test_it_names_the_winner_and_says_why(images: list[LabelledImage]) -> None:
    shown = page(result_row(), images).text
    assert "thorough_b wins" in shown
    assert "9.0 points better in accuracy [3.1, 15.1], 30 % slower" in shown
    assert "78.1 score, of 100" in shown
    assert "84.2 score, of 100 · winner" in shown
    assert "The scores differ by B +6.1 ; the 95 % interval goes from B +3.0 to +9.0" in shown
    assert "40 % accuracy, 30 % speed, 20 % energy, 10 % memory" in shown


def test_a_tie_is_called_one() -> None:
    shown = page(changed(result_row(), ("winner",), to="tie")).text
    assert "It is a tie" in shown
    assert "· winner" not in shown


def test_a_model_against_itself_has_no_winner() -> None:
    html = report_html(result_row(a="same", b="same"))
    assert "It is a tie" in Page(html).text
    assert "●" not in html
    assert "○" not in html


def test_every_metric_stands_with_both_values_its_meaning_and_the_difference() -> None:
    shown = page(result_row()).text
    for words in (
        "Count accuracy", "74.0 %", "83.0 %", "B +9.0 B +3.1 to +15.1 p < 0.001, paired bootstrap",
        "p = 1.000, McNemar’s exact test", "no difference A +10.0 to B +10.0",
        "21.4 ms", "27.9 ms", "A 1.30× A 1.27× to 1.33× p = 0.002",
        "44.0 images/s", "A 1.22× A 1.10× to 1.36×", "661 MiB", "B 1.01× no interval", "AP50–95",
        "Images per second when they come in batches",
    ):  # fmt: skip
        assert words in shown, words


def test_on_a_machine_that_drifted_the_paired_estimate_is_shown_and_not_what_the_figures_give() -> None:
    row = result_row()
    limits = {"difference": 4.0, "ci_low": 2.0, "ci_high": 6.0}
    row["verdict"]["composite"] |= {"a": 0.8, "b": 0.8}
    row["verdict"]["metrics"] |= {
        "speed_ms": entry(20.0, 20.0, "swift_a", ratio=0.8, ratio_low=0.75, ratio_high=0.85),
        "throughput_fps": entry(20.0, 20.0, "thorough_b", ratio=0.8, ratio_low=0.75, ratio_high=0.85),
        "green_score": entry(60.0, 60.0, "swift_a", **limits),
    }
    html = report_html(row)
    shown = Page(html).text
    assert "The scores differ by B +6.1 ; the 95 % interval goes from B +3.0 to +9.0" in shown
    for words in (
        "A 20.0 ms ● B 20.0 ms A 1.25× A 1.18× to 1.33×",
        "A 20.0 images/s B 20.0 images/s ● B 1.25× B 1.18× to 1.33×",
        "A 60.0 ● B 60.0 A +4.0 A +2.0 to +6.0",
    ):
        assert words in shown, words
    bars = re.findall(r'class="interval (a|b)" d="M([\d.]+) 15H([\d.]+)M.*?cx="([\d.]+)"', html, re.DOTALL)
    assert [style for style, *_ in bars] == ["b", "b", "a", "b", "b", "a"]  # the score is there twice
    assert all(float(low) < float(dot) < float(high) for _, low, high, dot in bars)


def test_what_was_measured_of_neither_has_no_line_and_of_one_says_so() -> None:
    assert "Joules per image" not in page(result_row()).text
    one = changed(result_row(), ("verdict", "metrics", "energy_j_per_image", "a"), to=2.5)
    shown = page(one).text
    assert "2.50 J/image" in shown
    assert "not measured" in shown
    assert "nothing to compare: it was not measured of both" in shown


def test_warnings_come_first_and_their_absence_is_said() -> None:
    shown = page(result_row()).text
    assert shown.index("Read this first Other work took 0.7 cores.") < shown.index("Metric by metric")
    assert "No warnings were recorded" not in shown
    calm = page(changed(result_row(), ("verdict", "warnings"), to=[])).text
    assert "Read this first" not in calm
    assert "No warnings were recorded with this result." in calm


def test_machine_models_and_method_are_told() -> None:
    shown = page(result_row()).text
    for words in (
        "Example CPU", "fingerprint f1n9e2", "idle power, W 41.5", "PyTorch 2.13.0", "other load, cores 0.7",
        "machine_state · governor performance", "options · windows 4", "2,649,200", "ab" * 32,
        "200 predictions of A", "in windows of at least 5 seconds", "drawn anew 2,000 times", "energy was not measured",
    ):  # fmt: skip
        assert words in shown, words
    assert Page(report_html(result_row())).text.count("ab" * 32) == 2


def test_percentiles_that_samples_cannot_support_say_so() -> None:
    assert "p99 too few predictions too few predictions" in page(result_row()).text


def test_the_row_can_be_taken_out_again() -> None:
    row = result_row()
    link = next(value for value in page(row).values("href") if value.startswith("data:application/json"))
    assert json.loads(base64.b64decode(link.partition(",")[2])) == json.loads(json.dumps(row))


def test_nothing_is_loaded_and_nothing_runs(images: list[LabelledImage]) -> None:
    html = report_html(result_row(), images)
    shown = Page(html)
    assert shown.count("script") == shown.count("link") == shown.count("iframe") == shown.count("object") == 0
    assert not [name for _, name, _ in shown.attributes if name.startswith("on") or name == "style"]
    assert {value.partition(",")[0] for value in shown.values("src", "href", "srcset", "action")} == {
        "data:image/jpeg;base64", "data:application/json;base64",
    }  # fmt: skip
    assert not re.search(r"url\(|@import|https?:", html)


def test_the_policy_allows_nothing_but_this_style_and_pictures_within_the_page() -> None:
    html = report_html(result_row())
    policy = next(value for value in Page(html).values("content") if "default-src" in value)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    sha256 = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'", "img-src": "data:", "style-src": f"'sha256-{sha256}'",
        "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip


def test_hostile_texts_change_no_tag_and_no_attribute(images: list[LabelledImage]) -> None:
    def labelled(text: str) -> list[LabelledImage]:
        return [LabelledImage(each.path, text, each.car_count, each.boxes, text) for each in images]

    tame = page(with_texts_replaced(result_row(), "tame"), labelled("tame"))
    html = report_html(with_texts_replaced(result_row(), HOSTILE), labelled(HOSTILE))
    hostile = Page(html)
    assert hostile.tags == tame.tags
    assert hostile.text.count(HOSTILE) > 50
    assert HOSTILE not in html


def test_hostile_names_of_options_and_libraries_are_text_too() -> None:
    row = changed(result_row(), ("environment", HOSTILE), to={HOSTILE: HOSTILE})
    tame = changed(result_row(), ("environment", "tame"), to={"tame": "tame"})
    assert page(row).tags == page(tame).tags
    assert page(row).text.count(HOSTILE) == 3


def test_texts_that_steer_a_writing_direction_or_are_no_unicode_are_defused(tmp_path: Path) -> None:
    row = changed(result_row(), ("verdict", "sentence"), to="left\u202eright\ud800\x00 end")
    write_report(tmp_path / "report.html", row)
    assert "left right end" in Page((tmp_path / "report.html").read_text("utf-8")).text


PATHS = list(every_path(result_row()))


def test_every_part_is_in_one_of_the_groups() -> None:
    assert sorted(chain.from_iterable(apart(PATHS))) == sorted(PATHS)


@pytest.mark.parametrize("paths", list(apart(PATHS)), ids=lambda paths: " ".join(paths[0]))
@pytest.mark.parametrize(
    "wrong",
    [{}, {"to": None}, {"to": "text"}, {"to": [1, None, {}]}, {"to": {}}, {"to": math.nan}],
    ids=["missing", "null", "text", "array", "object", "nan"],
)
def test_any_part_of_the_row_may_be_missing_or_null_or_of_another_kind(
    paths: list[KeyPath], wrong: dict[str, Any]
) -> None:
    row = result_row(images=1)
    try:
        assert report_html(changed(row, *paths, **wrong)).endswith("</html>")
    except Exception:
        for path in paths:  # so that the one that is to blame stands in the traceback
            report_html(changed(row, path, **wrong))
        raise


def test_an_empty_row_says_of_each_section_why_there_is_nothing_to_see() -> None:
    shown = page({}).text
    for words in (
        "No winner is named", "The result has no sentence about it.", "no score: nothing that has a weight",
        "The result holds no metric that this report knows.", "The result holds no single times",
        "The result came without its images’ results", "The result says nothing of the machine",
        "No warnings were recorded",
    ):  # fmt: skip
        assert words in shown, words


def test_no_number_that_is_none_reaches_the_page() -> None:
    row = with_numbers_replaced(result_row(), math.nan)
    html = report_html(row)
    assert not re.search(r"\b(nan|inf|NaN|Infinity|None)\b", Page(html).text)
    assert not re.search(r'="[^"]*\bnan\b', html)
    link = next(value for value in Page(html).values("href") if value.startswith("data:application/json"))
    assert b"NaN" not in base64.b64decode(link.partition(",")[2])


def with_numbers_replaced(value: Any, number: float) -> Any:
    if isinstance(value, dict):
        return {key: with_numbers_replaced(each, number) for key, each in value.items()}
    if isinstance(value, list):
        return [with_numbers_replaced(each, number) for each in value]
    return number if isinstance(value, float | int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("number", [0.0, -1.0, 1e300, -1e300, 5e-324, 10**400])
def test_numbers_of_any_size_make_a_page(number: float) -> None:
    html = report_html(with_numbers_replaced(result_row(), number))
    assert "Vision Arena" in Page(html).text
    assert not re.search(r'\bd="[^"]*(nan|inf)', html)


@pytest.mark.parametrize("count", [1, 500])
def test_one_image_and_five_hundred_make_a_page(count: int) -> None:
    shown = page(result_row(images=count))
    assert f"All {count} images as a table" in shown.text
    assert shown.count("article") == min(count, 60)


def test_of_many_images_those_with_the_most_disagreement_are_shown_and_the_page_says_so(
    images: list[LabelledImage],
) -> None:
    few, many = page(result_row(images=60)).text, page(result_row(images=61)).text
    assert "60 images of" not in few
    assert "These are the 60 images of 61 with the most disagreement" in many


def test_photographs_stand_in_the_order_of_disagreement(images: list[LabelledImage]) -> None:
    names = re.findall(r"<h3><bdi>(.*?)</bdi>", report_html(result_row(), images))
    # 001: B is wholly wrong. 002, 006: A has one of two. 003, 007: two of three. The rest: alike.
    numbers = [name.removeprefix("street/").removesuffix(".jpg") for name in names]
    assert numbers == ["001", "002", "006", "003", "007", "000", "004", "005", "008"]


def test_each_photograph_has_its_boxes_its_counts_and_its_scores(images: list[LabelledImage]) -> None:
    html = report_html(result_row(), images)
    card = html.split("street/002.jpg</bdi></h3>")[0].rsplit("<article>", 1)[1]
    assert 'viewBox="0 0 320 240"' in card
    assert 'aria-label="street/002.jpg: view 2"' in card
    assert [card.count(title) for title in ("true car", "A: confidence 0.90", "B: confidence 0.90")] == [2, 1, 2]
    assert card.count("M120.0 60.0H200.0V160.0H120.0Z") == 4  # each drawn with its casing, of the truth and of B
    counts = Page(html.split("street/002.jpg</bdi></h3>")[1].split("</article>")[0]).text
    assert counts == "truth 2 cars A 1 car 50 % B 2 cars 100 % · 1 alone"


def test_a_photograph_that_is_gone_leaves_a_reason_and_its_boxes(images: list[LabelledImage], tmp_path: Path) -> None:
    gone = LabelledImage(tmp_path / "gone.jpg", "street/gone.jpg", 2, images[2].boxes)
    html = report_html(result_row(), [*images[:2], gone, *images[3:]])
    assert "The photograph cannot be shown: gone.jpg cannot be read: No such file or directory." in Page(html).text
    assert str(tmp_path) not in html
    assert html.count("data:image/jpeg") == 8


def test_without_the_photographs_the_page_says_so() -> None:
    assert page(result_row()).text.count("This report was made without the photographs.") == 9


def test_without_boxes_only_counts_are_shown(images: list[LabelledImage]) -> None:
    counted = [LabelledImage(each.path, each.image_path, each.car_count) for each in images]
    shown = page(result_row(), counted).text
    assert shown.count("no boxes known") == 6  # those that have cars
    assert "true car " not in shown


def test_no_path_of_the_machine_is_in_the_page(images: list[LabelledImage]) -> None:
    assert str(images[0].path.parent) not in report_html(result_row(), images)


def test_it_is_written_only_where_one_is_wanted(tmp_path: Path) -> None:
    write_report(None, result_row())
    write_report(tmp_path / "report.html", result_row())
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
