"""The weights of a catalogue's models: where they lie, and how those that are missing come here."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from agent.download import Download
from agent.errors import WeightsNotSaved
from benchmark import (
    Cancelled,
    Catalogue,
    CheckedWeights,
    ModelEntry,
    ModelState,
    WeightsFile,
    WeightsNotFetched,
    model_state,
    resolve_weights,
    weights_place,
)

_LOCK_SECONDS = 0.2


@dataclass(frozen=True)
class Arrival:
    """How much of a model's weights has come."""

    model_id: str
    file: str
    here: int = 0
    """Bytes."""
    total: int | None = None
    """Bytes; None where nobody has said yet."""

    def to_json(self) -> dict[str, Any]:
        """`progress` of a job, in which nothing of the comparison itself has been done yet; MB are counted."""
        done, total = (round((size or 0) / 1e6) for size in (self.here, self.total))
        return {"phase": "weights", "fraction": 0.0, "model_id": self.model_id, "done": done, "total": total}


OnArrival = Callable[[Arrival], object]
ShouldStop = Callable[[], bool]


class WeightsSource:
    """Looks for weights in the catalogue's folder, ``weights_dir`` and the cache, where what is downloaded goes."""

    def __init__(
        self,
        catalogue: Catalogue,
        weights_dir: Path | None,
        cache_dir: Path,
        *,
        device: str = "auto",
        download: bool = True,
    ) -> None:
        self._catalogue, self._device, self._download = catalogue, device, download
        self._cache = cache_dir / "weights"
        self.folders: list[Path] = [*([weights_dir] if weights_dir else []), self._cache]
        """Where weights are looked for, in this order."""

    def state(self, entry: ModelEntry) -> ModelState:
        """Whether a model can run here, or what it lacks."""
        return model_state(entry, self.folders, self._device)

    def runnable(self) -> list[str]:
        """Ids of the models, in all their runtimes, that can run here once their weights have come."""
        variants = (variant for entry in self._catalogue for variant in entry.variants)
        return [variant.id for variant in variants if self._will_run(variant)]

    def bring(
        self,
        model_ids: Sequence[str],
        on_arrival: OnArrival = lambda _: None,
        should_stop: ShouldStop = lambda: False,
    ) -> None:
        """Download what these models lack, if downloads are allowed and all of them can run then.

        Raises UnknownModel, or what `fetch` does.
        """
        entries = [self._catalogue[model_id] for model_id in dict.fromkeys(model_ids)]
        if all(map(self._will_run, entries)):
            for entry in entries:
                self.fetch(entry, on_arrival, should_stop)

    def fetch(
        self, entry: ModelEntry, on_arrival: OnArrival = lambda _: None, should_stop: ShouldStop = lambda: False
    ) -> CheckedWeights:
        """The model's weights, downloaded where they are missing; an agent that shares the cache is waited for.

        Raises WeightsMissing, WeightsMismatch, WeightsUnreadable, WeightsUnreachable or WeightsNotSaved (both
        transient), WeightsRefused or Cancelled.
        """
        try:
            return resolve_weights(entry, self.folders)
        except WeightsNotFetched:
            assert entry.weights is not None
        target = weights_place(entry.weights, self._cache)
        on_arrival(Arrival(entry.id, target.name))
        with _disk_errors(target), _locked(target, should_stop):
            if not target.exists():  # the last owner of the lock may have brought it
                _download(entry.weights, target, should_stop, _telling(entry, target, on_arrival))
        return resolve_weights(entry, self.folders)

    def _will_run(self, entry: ModelEntry) -> bool:
        state = self.state(entry)
        return state.ready or (self._download and state.fetchable)


def _telling(entry: ModelEntry, target: Path, on_arrival: OnArrival) -> Callable[[int, int | None], object]:
    return lambda here, total: on_arrival(Arrival(entry.id, target.name, here, total))


def _download(
    weights: WeightsFile, target: Path, should_stop: ShouldStop, on_bytes: Callable[[int, int | None], object]
) -> None:
    assert weights.url is not None
    Download(weights.url, weights.sha256, target, on_bytes).run(should_stop)


@contextmanager
def _locked(target: Path, should_stop: ShouldStop) -> Iterator[None]:
    """Wait until nobody else downloads the same file. The lock ends with the process, however that ends."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=_LOCK_SECONDS)
    while not _acquired(lock):
        if should_stop():
            raise Cancelled
    try:
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refused = WeightsNotSaved(
            f"{target.name} could not be saved: {(error.strerror or str(error)).lower()}.",
            hint="Make room for it, or set ARENA_CACHE_DIR to another folder, on the machine that runs the models.",
        )
        refused.add_note(f"It was to be {target}.")
        raise refused from error
