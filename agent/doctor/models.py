"""Which models can run here, and whether the weights that are missing can be had."""

from dataclasses import dataclass

import httpx

from agent.doctor.connection import ERRORS, why
from agent.doctor.finding import Finding, ok, problem, skipped, warning
from agent.doctor.place import Place
from benchmark import CannotDetectCars, LibraryMissing, ModelEntry, ModelState, WeightsMismatch, WeightsUnreadable

_ANSWER_SECONDS = 4.0
_SAYS_WHAT = "`arena models` says what each lacks."
_BY_HAND = "Or put the files into ARENA_WEIGHTS_DIR (docs/models.md)."
#: Families whose library no extra has.
_OPTIONAL = {"detectron2"}
_DAMAGED = {WeightsMismatch.code, WeightsUnreadable.code}


@dataclass(frozen=True)
class _Model:
    entry: ModelEntry
    state: ModelState


@dataclass(frozen=True)
class _Absent:
    """Why weights are not to be had."""

    found: str
    mend: str = f"Let this machine reach the address. {_BY_HAND}"


def look_at_models(place: Place) -> Finding:
    """Library and weights of each, in the runtime that it has unless another is named."""
    models = _detectors(place)
    ready = [each.entry.id for each in models if each.state.ready]
    coming = [each.entry.id for each in models if each.state.fetchable and place.settings.download_weights]
    lacking = [each for each in models if each.entry.id not in (*ready, *coming)]
    found = "; ".join(
        f"{', '.join(names)} {what}"
        for names, what in ((ready, "ready"), (coming, "once downloaded"), (list(map(_lack, lacking)), "not here"))
        if names
    )
    if not ready and not coming:
        return problem(f"No model can run: {found}.", _SAYS_WHAT)
    if mends := list(dict.fromkeys(filter(None, map(_mend, lacking)))):
        return warning(f"{found}.", "\n".join(mends))
    return ok(found)


def look_at_downloads(place: Place) -> Finding:
    """Whether weights that would be downloaded are to be had, and how large they are."""
    wanted = [each.entry for each in _detectors(place) if each.state.fetchable]
    if not wanted:
        return skipped("No weights have to be downloaded.")
    names = " ".join(entry.id for entry in wanted)
    if not place.settings.download_weights:
        return warning(
            f"ARENA_DOWNLOAD_WEIGHTS is false, and the weights of {names} are missing.", f"`arena models pull {names}`"
        )
    sizes = {entry.id: _size(entry) for entry in wanted}
    missing = {name: size for name, size in sizes.items() if isinstance(size, _Absent)}
    if missing:
        return warning(
            " ".join(f"{name}: {each.found}" for name, each in missing.items()),
            "\n".join(dict.fromkeys(each.mend for each in missing.values())),
        )
    known = [size for size in sizes.values() if isinstance(size, int)]
    amount = f"{sum(known) / 1e6:.0f} MB" if len(known) == len(sizes) else "their size is not told"
    return ok(f"{amount} when they are needed, or now: `arena models pull {names}`")


def _detectors(place: Place) -> list[_Model]:
    models = [_Model(entry, place.weights.state(entry)) for entry in place.catalogue]
    return [each for each in models if each.state.state != CannotDetectCars.code]


def _mend(model: _Model) -> str | None:
    """None where nothing has to be done: a library that is built by whoever wants its model is not missed."""
    if model.state.state in _DAMAGED:
        return model.state.reason
    if model.state.fetchable:
        return f"`arena models pull {model.entry.id}`"
    return None if _is_optional(model) else _SAYS_WHAT


def _is_optional(model: _Model) -> bool:
    return model.entry.family in _OPTIONAL and model.state.state == LibraryMissing.code


def _lack(model: _Model) -> str:
    return f"{model.entry.id} ({model.state.state.replace('_', ' ')})"


def _size(entry: ModelEntry) -> "int | _Absent | None":
    """Bytes; None where the server does not say."""
    assert entry.weights
    assert entry.weights.url
    url = entry.weights.url
    host = httpx.URL(url).host
    try:
        # What it sends is not read: the connection is closed after the headers.
        with httpx.stream("GET", url, timeout=_ANSWER_SECONDS, follow_redirects=True) as response:
            length = response.headers.get("content-length", "")
            return _Absent(f"{host} answers {response.status_code}.") if response.is_error else _number(length)
    except ERRORS as error:
        found, mend = why(error, "the catalogue's address")
        return _Absent(f"{host} cannot be reached: {found}", f"{mend} {_BY_HAND}")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
