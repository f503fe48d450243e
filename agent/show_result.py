"""A result as it looks in a terminal: two models side by side, and the winner."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from agent.advantage import Row
from agent.ascii_only import Encodable
from agent.reading import mapping, number, numbers, sequence
from agent.show import printable
from agent.show_latency import LatencyLines
from agent.show_metrics import STYLES, MetricTable
from agent.wording import figure

_TIE = "tie"
_BETWEEN = " · "
_LIBRARIES = ("torch", "ultralytics", "timm", "detectron2")
_PLAIN_RUNTIME = "torch"


def result_view(row: Row) -> RenderableType:
    """Everything worth knowing of a row of ``comparison_results``, to the width of the terminal.

    A full dot marks the better one where the interval of the difference excludes 0, an empty one where the
    difference has no interval. Bars lie on the better one's side: A's on the left, B's on the right.
    """
    parts: list[RenderableType] = ["", *_models(row), "", MetricTable(row, _notes(row))]
    if any(mapping(row, f"model_{side}_metrics") for side in ("a", "b")):
        parts += ["", LatencyLines(row)]
    if machine := _BETWEEN.join(_machine(row)):
        parts += ["", Text(machine, style="dim")]
    if agreement := _agreement(row):
        parts += ["", Text(agreement, style="dim")]
    parts += [Text(f"! {message}", style="yellow") for message in _warnings(row)]
    return Encodable(Group(*parts, "", _verdict(row)))


def _models(row: Row) -> Iterator[Text]:
    """A line for each: what it is called and what it is."""
    for side in ("a", "b"):
        name = row.get(f"model_{side}_id", "")
        text = Text(f"{side.upper()}  ", style=f"bold {STYLES[side]}")
        text.append(printable(name), style="default")
        about = _BETWEEN.join(_about(mapping(row, f"model_{side}_metrics")))
        yield text.append(f"  {about}" if about else "", style="not bold default dim")


def _about(metrics: Mapping[str, Any]) -> Iterator[str]:
    if (parameters := number(metrics.get("parameters"))) is not None:
        yield f"{figure(parameters / 1e6)} M parameters"
    if (pixels := number(metrics.get("input_size"))) is not None:
        yield f"{pixels:.0f} px"
    for name in ("numeric_precision", "device"):
        if metrics.get(name):
            yield printable(metrics[name])
    yield from _loading(metrics)
    if metrics.get("estimate") is True:
        yield "an estimate"


def _loading(metrics: Mapping[str, Any]) -> Iterator[str]:
    if metrics.get("runtime") not in (None, _PLAIN_RUNTIME):
        version = f" {metrics['runtime_version']}" if metrics.get("runtime_version") else ""
        yield printable(f"{metrics['runtime']}{version}")
    if (load_s := number(metrics.get("load_s"))) is not None:
        yield f"loaded in {figure(load_s)} s"
    if (export_s := number(metrics.get("export_s"))) is not None:
        yield f"exported in {figure(export_s)} s"


def _notes(row: Row) -> dict[str, str]:
    """What is written beside the groups' names."""
    weights = {name: number(value) for name, value in mapping(row, "verdict", "weights").items()}
    weighed = [f"{printable(name)} {100 * weight:.0f} %" for name, weight in weights.items() if weight]
    return {
        "overall": _BETWEEN.join(weighed),
        "quality": _BETWEEN.join(_quality(row)),
        "energy": _BETWEEN.join(_energy(row)),
    }


def _quality(row: Row) -> Iterator[str]:
    a, b = (mapping(row, f"model_{side}_metrics") for side in ("a", "b"))
    if basis := a.get("f1_basis"):
        yield f"F1 by {printable(basis)}"
    known = (number(each.get("confidence_threshold")) for each in (a, b))
    if thresholds := dict.fromkeys(figure(each) for each in known if each is not None):
        yield f"confidence above {' and '.join(thresholds)}"


def _energy(row: Row) -> Iterator[str]:
    environment, metrics = mapping(row, "environment"), mapping(row, "model_a_metrics")
    if source := metrics.get("energy_source"):
        yield printable(source)
    if metrics.get("carbon_g_per_1k_images") is None:
        yield "carbon not stated"
    elif country := environment.get("country"):
        yield f"electricity of {printable(country)}"
    idle = mapping(environment, "idle_power")
    if (watts := number(idle.get("watts"))) is not None:
        source = f", {printable(idle['source'])}" if idle.get("source") else ""
        yield f"idle {figure(watts)} W{source}"
    if (cores := number(environment.get("other_load_cores"))) is not None:
        yield f"others' load {figure(cores)} {'core' if cores == 1 else 'cores'}"


def _machine(row: Row) -> Iterator[str]:
    environment = mapping(row, "environment")
    gpu, cpu = mapping(environment, "gpu"), mapping(environment, "cpu")
    if gpu.get("name"):
        driver = f" (driver {printable(gpu['driver'])})" if gpu.get("driver") else ""
        yield f"{printable(gpu['name'])}{driver}"
    if cpu.get("model"):
        yield printable(cpu["model"])
    yield from _counts(environment, cpu)
    libraries = mapping(environment, "libraries")
    yield from (f"{name} {printable(libraries[name])}" for name in _LIBRARIES if libraries.get(name))
    for name, key in (("Python", "python"), ("arena", "arena_version")):
        if environment.get(key):
            yield f"{name} {printable(environment[key])}"


def _counts(environment: Mapping[str, Any], cpu: Mapping[str, Any]) -> Iterator[str]:
    if (cores := number(cpu.get("physical_cores"))) is not None:
        yield _many(cores, "core")
    if threads := numbers(environment.get("threads")):
        yield _many(max(threads), "thread")
    if (images := number(environment.get("images"))) is not None:
        yield _many(images, "image")


def _agreement(row: Row) -> str:
    """Of two models with the same weights; empty where they are others."""
    agreement = mapping(row, "verdict", "agreement")
    found_a, found_b, matched, box_px, score = (
        number(agreement.get(name))
        for name in ("found_a", "found_b", "matched", "largest_box_difference_px", "largest_score_difference")
    )
    if found_a is None or found_b is None or matched is None:
        return ""
    differences = "" if box_px is None or score is None else f": by {figure(box_px)} px and {figure(score)} of score"
    said = f"Same weights: {matched:,.0f} of {max(found_a, found_b):,.0f} boxes are the same within rounding"
    return said + (differences and f" (furthest apart{differences})")


def _many(count: float, what: str) -> str:
    return f"{count:,.0f} {what if count == 1 else what + 's'}"


def _warnings(row: Row) -> Iterator[str]:
    for warning in sequence(mapping(row, "verdict").get("warnings")):
        if message := mapping(warning).get("message"):
            yield printable(message)


def _verdict(row: Row) -> Panel:
    winner = row.get("winner")
    sides = [side for side in ("a", "b") if winner != _TIE and row.get(f"model_{side}_id") == winner]
    title = Text(f"Winner: {printable(winner)}" if sides else "It is a tie", style="bold")
    return Panel(
        Text(printable(mapping(row, "verdict").get("sentence", ""))),
        title=title,
        border_style=STYLES[sides[0]] if sides else "yellow",
        title_align="left",
        expand=False,
    )
