"""What the result says of machine, models and method, as pairs of a name and a text."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.reading import mapping, number, sequence
from agent.report.metric import significant

Facts = list[tuple[str, str]]

#: What a reader looks for first; everything else of the environment stands in a table that opens.
_FIRST = {
    "processor": ("cpu", "model"),
    "cores": ("cpu", "logical_cores"),
    "memory, MiB": ("ram_mb",),
    "GPU": ("gpu", "name"),
    "GPU driver": ("gpu", "driver"),
    "system": ("os",),
    "Python": ("python",),
    "PyTorch": ("libraries", "torch"),
    "Vision Arena": ("arena_version",),
    "country (electricity)": ("country",),
    "idle power, W": ("idle_power", "watts"),
    "other load, cores": ("other_load_cores",),
    "started": ("started_at",),
    "took, s": ("duration_s",),
    "fingerprint": ("fingerprint",),
}

_OF_MODELS = {
    "parameters": "parameters",
    "runs as": "runtime",
    "runtime’s version": "runtime_version",
    "computes in": "numeric_precision",
    "device": "device",
    "input size, px": "input_size",
    "counts by": "count_basis",
    "confidence threshold": "confidence_threshold",
    "threshold set on": "calibrated_on",
    "batch size offline": "batch_size",
    "load time, s": "load_s",
    "export time, s": "export_s",
    "energy source": "energy_source",
    "weights’ SHA-256": "weights_sha256",
}

_OF_TIMES = {
    "p50": "p50_ms",
    "p90": "p90_ms",
    "p99": "p99_ms",
    "decode, median": "decode_ms",
    "preprocess, median": "preprocess_ms",
    "inference, median": "inference_ms",
    "postprocess, median": "postprocess_ms",
}


def machine(environment: Mapping[str, Any]) -> Facts:
    """The few things that matter most, where they are known."""
    return [(name, text) for name, path in _FIRST.items() if (text := _text(_at(environment, path)))]


def everything(environment: Mapping[str, Any]) -> Facts:
    """Each value of the environment, nested names joined by a dot."""
    return list(_flat(environment, "")) if environment else []


def of_models(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, A and B."""
    return _side_by_side(row, _OF_MODELS)


def of_times(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, A and B, in ms; a percentile that the number of predictions cannot support says so."""
    lines = []
    samples = [mapping(row.get(f"model_{side}_metrics")).get("samples") for side in ("a", "b")]
    for name, key in _OF_TIMES.items():
        values = {side: number(mapping(row.get(f"model_{side}_metrics")).get(key)) for side in ("a", "b")}
        missing = "too few predictions" if any(samples) and key[1].isdigit() else "not measured"
        lines.append((name, *(missing if value is None else significant(value) for value in values.values())))
    return [*lines, ("predictions timed", *(_text(each) or "unknown" for each in samples))]  # type: ignore[list-item]


def percentiles(row: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Of each side those that are known, in ms."""
    known: dict[str, dict[str, float]] = {}
    for side in ("a", "b"):
        metrics = mapping(row.get(f"model_{side}_metrics"))
        values = {name: number(metrics.get(f"{name}_ms")) for name in ("p50", "p90", "p99")}
        known[side] = {name: value for name, value in values.items() if value is not None}
    return known


def method(row: Mapping[str, Any]) -> list[str]:
    """How it was measured, in five lines."""
    environment, verdict = mapping(row.get("environment")), mapping(row.get("verdict"))
    options = mapping(environment.get("options"))
    a, b = (mapping(row.get(f"model_{side}_metrics")) for side in ("a", "b"))
    resamples = number(verdict.get("resamples")) or 2000
    thresholds = dict.fromkeys(filter(None, (_text(each.get("confidence_threshold")) for each in (a, b))))
    return [
        f"Both models saw the same images, {_said(environment.get('images'))}, each in a process of its own, so that "
        "neither shares memory or faults with the other. Both were warmed up first.",
        f"One image at a time, A and B took turns in blocks (A B B A …), so that a machine that grows warm or busy "
        f"slows both alike: {_said(a.get('samples'))} predictions of A and {_said(b.get('samples'))} of B.",
        f"Throughput and energy come from batches of {_said(a.get('batch_size'))} images, in windows of at least "
        f"{_said(options.get('window_seconds'))} seconds "
        f"(source: {_text(a.get('energy_source')) or 'none; energy was not measured'}).",
        f"A detection counts above a confidence of {' (A) and '.join(thresholds) or '(not stated)'}"
        f"{' (B)' if len(thresholds) > 1 else ''}, and is right where it "
        f"overlaps a true box by IoU {_said(environment.get('match_iou'))}; average precision uses all "
        "detections.",
        f"The images were drawn anew {resamples:,.0f} times, for both models at once. A model wins only if "
        f"the middle {level(verdict)} of those draws leave its lead standing; a lead in time, energy or memory below "
        f"{100 * (number(verdict.get('resolution')) or 0.05):g} % decides nothing.",
    ]


def weights(verdict: Mapping[str, Any]) -> str:
    """What the score is made of."""
    names = {"accuracy": "accuracy", "speed": "speed", "green": "energy", "memory": "memory"}
    known = {name: number(weight) for name, weight in mapping(verdict.get("weights")).items()}
    parts = [f"{100 * weight:.0f} % {names.get(name, name)}" for name, weight in known.items() if weight]
    return ", ".join(parts)


def level(verdict: Mapping[str, Any]) -> str:
    """How sure intervals are."""
    return f"{100 * (number(verdict.get('confidence_level')) or 0.95):g} %"


def _said(value: Any) -> str:
    return _text(value) or "(not stated)"


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = mapping(value).get(key)
    return value


def _side_by_side(row: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    a, b = (mapping(row.get(f"model_{side}_metrics")) for side in ("a", "b"))
    lines = ((name, _text(a.get(key)), _text(b.get(key))) for name, key in names.items())
    return [(name, of_a or "not known", of_b or "not known") for name, of_a, of_b in lines if of_a or of_b]


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(each, f"{name} · {key}" if name else str(key))
    else:
        yield name, _text(value) or "none"


def _text(value: Any) -> str:
    """Empty where there is nothing to say."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _figure(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(each)}" for key, each in value.items())
    return ", ".join(_text(each) for each in sequence(value)) if isinstance(value, list | tuple) else str(value)


def _figure(value: float) -> str:
    known = number(value)
    if known is None:
        return ""
    if known.is_integer():
        return f"{known:,.0f}" if abs(known) < 1e15 else f"{known:g}"
    return f"{known:,.3f}".rstrip("0").rstrip(".") if abs(known) >= 0.001 else f"{known:g}"
