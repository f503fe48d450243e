"""How the report shows a model that has no boxes, and one that was exported."""

import re

from agent.report import report_html
from tests.agent.rows import Row, winner_row


def estimate_row() -> Row:
    """B finds a point in the only image, A a box."""
    row = winner_row()
    row["model_a_metrics"] |= {"f1_basis": "counts", "count_basis": "boxes", "runtime": "onnx", "export_s": 7.25}
    row["model_b_metrics"] |= {"f1_basis": "counts", "count_basis": "peaks", "confidence_threshold": 0.41, "ap50": None}
    row["image_results"] = [
        {"side": side, "image_index": 0, "image_path": "x.jpg", "truth_count": 1, "predicted_count": 1,
         "latency_ms": 9.0, "detections": [{"box": box, "score": 0.9, "label": "car"}]}
        for side, box in (("a", [10, 10, 50, 40]), ("b", [30, 20, 30, 20]))
    ]  # fmt: skip
    return row


def test_a_point_is_drawn_as_a_cross() -> None:
    page = report_html(estimate_row())
    [path] = re.findall(r'<path class="box point" d="([^"]*)">', page)
    assert re.fullmatch(r"M[\d.-]+ 20.0h[\d.]+M30.0 [\d.-]+v[\d.]+", path)
    assert '<path class="box" d="M10 10H50V40H10Z">' in page.replace(".0", "")


def test_what_it_counts_by_and_how_the_other_runs_is_told() -> None:
    page = report_html(estimate_row())
    for said in ("counts by", "peaks", "runs as", "onnx", "export time, s", "7.25", "above a confidence of 0.25 (A)"):
        assert said in page
    assert "and 0.41 (B)" in page
    assert "by their number alone" in page
    assert "half (IoU 0.5)" not in page


def test_f1_by_boxes_says_so() -> None:
    page = report_html(winner_row())
    assert "half (IoU 0.5)" in page
    assert "by their number alone" not in page
