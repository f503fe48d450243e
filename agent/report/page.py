"""The report: one file, no network, no script. Every text in it may come from a stranger, so every text is escaped."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent.advantage import Scale
from agent.output_file import write_output
from agent.reading import json_safe, mapping, number, numbers, sequence
from agent.report import facts
from agent.report.accuracy_plot import accuracy_plot, groups
from agent.report.interval_bar import WIDTH, band, interval_axis, interval_bar
from agent.report.judgement import Judgement, judgement
from agent.report.latency_plot import beyond, latency_histogram, latency_run, time_limits
from agent.report.metric import GROUPS, SCORE, significant
from agent.report.picture import Picture, photograph, pictures
from agent.report.plot import NARROW, WIDE
from agent.show import printable
from benchmark import LabelledImage

#: More photographs would make a file that no mail takes.
MOST_PHOTOGRAPHS = 60


def write_report(file: Path | None, row: Mapping[str, Any], images: Sequence[LabelledImage] = ()) -> None:
    """Write the report to ``file``, if one is wanted; see `report_html`. Raises AgentError."""
    if file is not None:
        write_output(file, report_html(row, images).encode("utf-8", "replace"))


def report_html(row: Mapping[str, Any], images: Sequence[LabelledImage] = ()) -> str:
    """An HTML page.

    ``row`` has the columns of `comparison_results`, and in ``image_results`` the rows of that table; whatever it
    lacks, the page says that it is not known. ``images`` are those of the comparison, in its order: without them
    there are no photographs and no true boxes.
    """
    seen = pictures(row.get("image_results"), images)
    style = files("agent.report").joinpath("style.css").read_text("utf-8")
    context = {
        "style": Markup(style),  # noqa: S704  # a file of ours
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "models": {side: str(row.get(f"model_{side}_id") or "unnamed") for side in ("a", "b")},
        "winner": _winner(row),
        "sentence": mapping(row.get("verdict")).get("sentence") or "The result has no sentence about it.",
        "created_at": row.get("created_at") or "",
        "warnings": _warnings(row),
        "weights": facts.weights(mapping(row.get("verdict"))),
        "level": facts.level(mapping(row.get("verdict"))),
        "metric_groups": list(_metric_groups(row)),
        "score": _score(row),
        "bar_width": WIDTH,
        "latency": _latency(row),
        "times": facts.of_times(row),
        "accuracy": _accuracy(seen),
        "pictures": seen,
        "shown": sorted(seen, key=lambda each: each.disagreement, reverse=True)[:MOST_PHOTOGRAPHS],
        "photograph": photograph,
        "machine": facts.machine(mapping(row.get("environment"))),
        "everything": facts.everything(mapping(row.get("environment"))),
        "about_models": facts.of_models(row),
        "method": facts.method(row),
        "row_url": _download(row),
    }
    return _templates().get_template("report.html.j2").render(context)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("agent.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup | int | float) else _text(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _score(row: Mapping[str, Any]) -> dict[str, Any] | None:
    judged = judgement(SCORE, row)
    if judged is None:
        return None
    axis = interval_axis(SCORE.scale, [judged.of])
    return {"judged": judged, "axis": axis, "bar": interval_bar(judged.of, axis)}


def _text(value: object) -> str:
    """On one line, and no percent sign alone at the start of the next."""
    return printable(value).replace(" %", "\u00a0%")


def _winner(row: Mapping[str, Any]) -> str:
    """`a`, `b`, `tie`, or empty where none is named."""
    if row.get("winner") == "tie" or row.get("model_a_id") == row.get("model_b_id") is not None:
        return "tie"
    sides = [side for side in ("a", "b") if row.get("winner") == row.get(f"model_{side}_id") is not None]
    return sides[0] if sides else ""


def _warnings(row: Mapping[str, Any]) -> list[str]:
    """As sentences; a warning may be an object with a message, or a text."""
    given = sequence(mapping(row.get("verdict")).get("warnings"))
    texts = [mapping(each).get("message") or mapping(each).get("code") or each for each in given]
    return [str(text) for text in texts if text]


def _metric_groups(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Ratios share one scale over all groups, so that bars can be held against one another."""
    resolution = number(mapping(row.get("verdict")).get("resolution"))
    judged = [(title, unit, _judged(metrics, row)) for title, unit, metrics in GROUPS]
    for title, unit, lines in judged:
        if lines:
            scale = lines[0].metric.scale
            ratios = [each for _, _, group in judged for each in group if each.metric.scale is Scale.RATIO]
            axis = interval_axis(scale, [each.of for each in (ratios if scale is Scale.RATIO else lines)])
            yield {
                "title": title,
                "unit": unit,
                "axis": axis,
                "band": band(axis, resolution) if scale is Scale.RATIO else None,
                "lines": [(each, interval_bar(each.of, axis)) for each in lines],
            }


def _judged(metrics: Sequence[Any], row: Mapping[str, Any]) -> list[Judgement]:
    return [found for metric in metrics if (found := judgement(metric, row))]


def _latency(row: Mapping[str, Any]) -> dict[str, Any] | None:
    times = {
        side: [
            time for time in numbers(mapping(row.get(f"model_{side}_metrics")).get("latencies_ms")) if _is_time(time)
        ]
        for side in ("a", "b")
    }
    if not any(times.values()):
        return None
    percentiles = facts.percentiles(row)
    slow = beyond(times, time_limits(times)[1])
    return {
        "histograms": [latency_histogram(times, percentiles, width) for width in (WIDE, NARROW)],
        "runs": [latency_run(times, width) for width in (WIDE, NARROW)],
        "beyond": [
            f"{len(slowest)} of {side.upper()} (up to {significant(slowest[-1])} ms)"
            for side, slowest in slow.items()
            if slowest
        ],
        "unknown": [side.upper() for side, each in times.items() if not each],
    }


def _is_time(milliseconds: float) -> bool:
    """From a nanosecond to a week and a half."""
    return 1e-6 < milliseconds < 1e9


def _accuracy(seen: Sequence[Picture]) -> dict[str, Any] | None:
    sides = groups(seen)
    if not any(sides.values()):
        return None
    return {
        "plots": [accuracy_plot(seen, width) for width in (WIDE, NARROW)],
        "sides": {side: len(members) for side, members in sides.items()},
    }


def _download(row: Mapping[str, Any]) -> str:
    """The row as a file within a link; base64 leaves nothing of it to be taken for markup."""
    text = json.dumps(json_safe(row), indent=1, default=str)
    return "data:application/json;base64," + base64.b64encode(text.encode()).decode()
