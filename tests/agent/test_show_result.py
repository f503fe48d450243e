"""A result as it looks in terminals of all widths and kinds."""

import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from agent.metric_lines import GROUPS
from agent.show_result import result_view
from tests.agent.rows import A, B, Row, gpu_row, older_row, tie_row, winner_row

WIDTHS = (80, 100, 120, 200)
HOSTILE = "\x1b[2Jgone\x07[red]\n"


def shown(row: Row, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(result_view(row))
    text = captured.get()
    assert all(cell_len(line) <= width for line in text.split("\n"))
    assert all(character.isprintable() or character == "\n" for character in text)
    return text


def line(text: str, label: str) -> str:
    """The one line of the table that begins so."""
    found = [each for each in text.splitlines() if each.startswith(label)]
    assert len(found) == 1, found
    return found[0]


def zero(text: str) -> int:
    """The column of the line of no difference."""
    header = next(each for each in text.splitlines() if "│ B" in each)
    return header.index("│")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("row", [winner_row(), tie_row(), older_row(), gpu_row()])
def test_every_figure_is_whole_at_every_width(row: Row, width: int) -> None:
    text = shown(row, width)
    for label, a, b in (
        ("count accuracy %", "87.4", "93.5"), ("speed, median ms", "24.6", "27.6"),
        ("throughput img/s", "37.6", "34.3"), ("memory, peak MiB", "655", "654"), ("energy J/image", "0.738", "0.840"),
    ):  # fmt: skip
        words = line(text, label).removeprefix(label).replace("●", " ").replace("○", " ").split()
        assert words[:2] == [a, b]
    assert "…" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_better_one_is_marked_and_its_bar_lies_on_its_side(width: int) -> None:
    text = shown(winner_row(), width)
    middle = zero(text)
    for label, marked, side in (
        ("count accuracy %", "93.5 ●", "right"),
        ("speed, median ms", "24.6 ●", "left"),  # less of it is better
        ("throughput img/s", "37.6 ●", "left"),  # more of it is better
        ("energy J/image", "0.738 ●", "left"),
        ("score of 100", "94.1 ●", "right"),
    ):
        found = line(text, label)
        assert marked in found
        assert found.count("●") == 1
        assert (found.index("◆") < middle) == (side == "left")
        beyond = found[middle + 1 :].split("p =")[0] if side == "left" else found[middle - 4 : middle]
        assert not beyond.strip()


@pytest.mark.parametrize(
    ("width", "end"), [(70, "[8.5, 16] %"), (60, "A 12 % faster"), (50, "27.6"), (30, "24.6 ●   …"), (20, "…")]
)
def test_a_narrow_terminal_loses_columns_and_never_folds_a_line(width: int, end: str) -> None:
    text = shown(winner_row(), width)
    assert line(text, "speed, median ms").endswith(end)
    table = text[text.index("speed, median ms") :].splitlines()
    assert table[1].startswith("latency, p90 ms")


def test_a_difference_is_said_in_words_with_its_interval() -> None:
    text = shown(winner_row(), 100)
    assert re.search(r"B \+6\.1 points +\[2\.3, 9\.8\]", line(text, "count accuracy"))
    assert re.search(r"A 12 % faster +\[8\.5, 16\] %", line(text, "speed, median"))
    assert re.search(r"A 9\.6 % more +\[5\.0, 14\] %", line(text, "throughput"))
    assert re.search(r"A 12 % less +\[3\.0, 21\] %", line(text, "energy J"))


@pytest.mark.parametrize(("better", "words"), [(A, "A 25 % faster"), (B, "B 25 % faster")])
def test_on_a_machine_that_drifted_the_paired_estimate_is_shown_and_not_what_the_figures_give(
    better: str, words: str
) -> None:
    ends = (0.8, 0.75, 0.85) if better == A else (1 / 0.8, 1 / 0.85, 1 / 0.75)
    row = winner_row()
    for side in ("a", "b"):
        row[f"model_{side}_metrics"]["speed_ms"] = 20.0
    row["verdict"]["metrics"]["speed_ms"] |= {"a": 20.0, "b": 20.0, "winner": better}
    row["verdict"]["metrics"]["speed_ms"] |= zip(("ratio", "ratio_low", "ratio_high"), ends, strict=True)
    text = shown(row, 120)
    found, middle = line(text, "speed, median ms"), zero(text)
    assert re.search(r"20\.0 ● +20\.0 " if better == A else r"20\.0 +20\.0 ●", found)
    assert re.search(rf"{words} +\[18, 33\] %", found)
    assert "━◆━" in found
    assert (found.index("◆") < middle) == (better == A)


def test_scores_too_are_shown_by_their_paired_difference() -> None:
    row = winner_row()
    row["verdict"]["composite"] = {"a": 0.9, "b": 0.9, "difference": -0.05, "ci_low": -0.08, "ci_high": -0.02}
    of_green = {"winner": A, "difference": 4.0, "ci_low": 2.0, "ci_high": 6.0}
    row["verdict"]["metrics"] |= {"accuracy": {**of_green, "difference": 0.04, "ci_low": 0.02, "ci_high": 0.06}}
    row["verdict"]["metrics"] |= {"green_score": of_green}
    text = shown(row, 120)
    assert re.search(r"90\.0 +90\.0 ● +B \+5\.0 points +\[2\.0, 8\.0\]", line(text, "score of 100"))
    assert re.search(r"87\.4 ● +93\.5 +A \+4\.0 points +\[2\.0, 6\.0\]", line(text, "count accuracy"))
    assert re.search(r"67\.1 ● +66\.1 +A by 4\.00 +\[2\.0, 6\.0\]", line(text, "green score"))


def test_a_tie_looks_like_one() -> None:
    text = shown(tie_row())
    assert "─ It is a tie ─" in text
    assert "Winner" not in text
    assert not re.search(r"\d ●|\d ○", text)
    assert "Winner: Trained_yolov8" in shown(winner_row())


def test_an_interval_that_holds_no_difference_crosses_the_line() -> None:
    text = shown(winner_row(), 120)
    assert line(text, "F1 %")[zero(text)] in "┿◆"
    assert line(text, "latency, p90")[zero(text)] == "┿"
    assert line(text, "speed, median")[zero(text)] == "│"


def test_a_bar_that_leaves_the_axis_ends_in_an_arrow() -> None:
    row = winner_row()
    row["verdict"]["metrics"]["energy_j_per_image"] |= {"ratio_low": 0.001, "ratio_high": 0.97}
    text = shown(row, 120)
    found = line(text, "energy J/image")
    assert "←━" in found
    assert found.index("←━") < found.index("◆") < zero(text)
    assert "→" not in found


def test_the_axis_says_its_scale_once_for_each_kind() -> None:
    text = shown(winner_row(), 120)
    assert line(text, "overall").count("30 points") == 2
    assert line(text, "speed ").count("1.25×") + line(text, "speed ").count("1.5×") == 2
    assert text.count("1.25×") + text.count("1.5×") == 2


def test_p_values_are_shown_where_there_is_room() -> None:
    assert line(shown(winner_row(), 120), "count accuracy").endswith("p = 0.003")
    assert "p = " not in shown(winner_row(), 119)


def test_older_rows_are_shown_with_all_they_have() -> None:
    text = shown(older_row(), 100)
    assert "exact counts" not in text
    assert "29.8" in line(text, "latency, p90 ms")
    found = line(text, "speed, median")
    assert "24.6 ●" in found
    # A's 24.6 ms lie 4.4 to 1.4 ms below 27.6: at most a factor of 27.6 / 23.2, at least 27.6 / 26.2
    assert "[5.3, 19] %" in found
    assert line(text, "throughput").count("○") == 1
    assert "p50 26.0" in text
    assert shown({"model_a_id": A, "model_b_id": B, "winner": "tie", "verdict": {"sentence": "So."}}).count("So.") == 1


def test_a_gpu_and_unstated_carbon_are_said() -> None:
    text = shown(gpu_row(), 120)
    assert "NVIDIA H200 (driver 570.86)" in text
    assert "nvml · carbon not stated · idle 6.25 W, estimated · others' load 0.310 cores" in text
    assert "g/1k" not in text
    assert "B" not in line(text, "GPU memory MiB").replace("MiB", "")
    assert "A 2.1× less" in line(text, "GPU memory MiB")


def test_one_figure_that_was_not_measured_is_a_dash() -> None:
    row = winner_row()
    row["model_b_metrics"]["energy_j_per_image"] = None
    assert re.search(r"0\.738 \s+– \s+│", line(shown(row), "energy J/image"))


def test_sparklines_share_a_scale_and_stand_beside_the_percentiles() -> None:
    text = shown(winner_row(), 120)
    a, b = line(text, "A ▁"), next(each for each in text.splitlines() if each.startswith("B ") and "█" in each)
    assert "p50 26.0  p90 29.0  p99 –  96 samples" in a
    assert "p50 28.8  p90 31.8  p99 –  96 samples" in b
    assert "▁" not in b  # its fastest is slower than A's, on the same scale
    assert text.count("too few samples") == 1


def test_warnings_are_yellow_and_whole() -> None:
    row = winner_row()
    message = "The offline rates spread by 18 %; other work on this machine may have disturbed them. " * 2
    row["verdict"]["warnings"] = [{"code": "unsteady", "message": message}]
    assert " ".join(message.split()) in " ".join(shown(row).split())
    console = Console(file=io.StringIO(), width=200, color_system="standard", force_terminal=True)
    with console.capture() as captured:
        console.print(result_view(row))
    assert "\x1b[33m! The offline" in captured.get()


def test_without_colours_nothing_is_lost_and_no_escape_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    Console(file=file, width=100).print(result_view(winner_row()))
    assert "\x1b" not in file.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with console.capture() as captured:
        console.print(result_view(winner_row()))
    assert re.sub(r"\x1b\[[0-9;]*m", "", captured.get()) == file.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", captured.get())


@pytest.mark.parametrize("width", WIDTHS)
def test_an_ascii_pipe_gets_the_same_in_ascii(width: int) -> None:
    row = {**winner_row(), "model_a_id": "車 é"}
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    Console(file=file, width=width).print(result_view(row))
    file.flush()
    text = raw.getvalue().decode("ascii")
    assert "A  ??? " not in text
    assert "A  ?? ?" in text
    assert "93.5 *" in text
    assert all(len(each) <= width for each in text.splitlines())
    assert [len(each.rstrip()) for each in text.splitlines()] == [
        cell_len(each.rstrip()) for each in shown(row, width).splitlines()
    ]


def test_nothing_that_a_stranger_wrote_steers_the_terminal() -> None:
    row = winner_row()
    row["model_a_id"] = row["winner"] = HOSTILE
    row["verdict"] |= {"sentence": HOSTILE, "warnings": [{"message": HOSTILE}]}
    row["environment"] |= {"country": HOSTILE, "python": HOSTILE, "cpu": {"model": HOSTILE}}
    row["environment"]["libraries"]["torch"] = HOSTILE
    row["model_a_metrics"] |= {"f1_basis": HOSTILE, "energy_source": HOSTILE, "device": HOSTILE}
    text = shown(row, 300)
    assert text.count("gone") == text.count("[2Jgone [red]") == 11


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
METRICS = [metric.name for group in GROUPS.values() for metric in group]
FIGURE = st.floats() | st.sampled_from([0.0, 1e-9, 1.0, 1e12, -1.0, None]) | JUNK
JUDGED = ("winner", "difference", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "p_value")
MEASURED = st.dictionaries(st.sampled_from([*METRICS, "p50_ms", "samples", "parameters"]), FIGURE)
VERDICTS = st.dictionaries(
    st.sampled_from(METRICS), st.dictionaries(st.sampled_from(JUDGED), FIGURE | st.sampled_from([A, B])) | JUNK
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), width=st.integers(20, 220))
def test_any_row_fits_any_width_and_is_free_of_control_characters(data: st.DataObject, width: int) -> None:
    row = winner_row()
    for side in ("a", "b"):
        row[f"model_{side}_metrics"] |= data.draw(MEASURED)
        row[f"model_{side}_metrics"]["latencies_ms"] = data.draw(st.lists(FIGURE, max_size=40) | JUNK)
    row["verdict"]["metrics"] |= data.draw(VERDICTS)
    for key in data.draw(st.lists(st.sampled_from(sorted(row)), max_size=2)):
        row[key] = data.draw(JUNK)
    for key in data.draw(st.lists(st.sampled_from(["warnings", "composite", "weights", "sentence"]), max_size=2)):
        row["verdict"] = {**(row["verdict"] if isinstance(row["verdict"], dict) else {}), key: data.draw(JUNK)}
    shown(row, width)


def test_a_runtime_its_export_and_an_estimate_are_told_with_the_model() -> None:
    row = winner_row()
    row["model_a_metrics"] |= {"runtime": "onnx", "runtime_version": "1.32.0", "export_s": 7.25}
    row["model_b_metrics"] |= {"runtime": "torch", "runtime_version": "2.13.0", "estimate": True}
    row["model_b_metrics"] |= {"confidence_threshold": 0.41}
    text = shown(row, 120)
    assert "cpu · onnx 1.32.0 · loaded in 3.30 s · exported in 7.25 s" in text
    assert "cpu · loaded in 3.30 s · an estimate" in text
    assert "confidence above 0.250 and 0.410" in text


def test_whether_two_runtimes_of_the_same_weights_agree_is_told() -> None:
    row = winner_row()
    assert "Same weights" not in shown(row)
    row["verdict"]["agreement"] = {
        "found_a": 412, "found_b": 413, "matched": 411, "agrees": False,
        "largest_box_difference_px": 0.0213, "largest_score_difference": 0.000412,
    }  # fmt: skip
    said = " ".join(shown(row).split())
    assert "Same weights: 411 of 413 boxes are the same within rounding (furthest apart: by 0.0213 px" in said
