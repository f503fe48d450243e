"""Every family in every runtime with small weights of its own making, for the contract that all of them keep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.detection import Detection
from benchmark.errors import BenchmarkError
from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.messages import Load, Loaded
from benchmark.model import Image, Model, Query
from benchmark.models.family import FAMILIES, Family, Recipe, check_family, load_model
from benchmark.models.runtime import RUNTIMES, Runtime, check_runtime
from benchmark.models.weights import file_sha256
from tests.benchmark.models.detectron2_weights import (
    detectron2_learned_values,
    detectron2_predict,
    make_detectron2_weights,
)
from tests.benchmark.models.spy import Spy
from tests.benchmark.models.timm_weights import make_network, make_timm_weights

#: What a library's own front door finds in a batch.
Reference = Callable[[Recipe, Sequence[Image], Query], list[list[Detection]]]
#: Patient: others may be at work on this machine, and an export is among it.
WATCH = Watch(silence_s=280)


@dataclass(frozen=True)
class Subject:
    """A model to be loaded, and what is true of it."""

    recipe: Recipe
    family: Family
    #: Class names in our words.
    labels: tuple[str, ...]
    #: Number of learned values, counted by other means.
    parameters: int
    #: A score that some and not too many detections in noise have.
    confidence: float
    count_basis: str = "boxes"
    reference: Reference | None = None
    #: How far boxes (pixels) and scores may be from those of the reference, and an image's in a batch from its own:
    #: a batch is another order of additions.
    box_tolerance: float = 0.01
    score_tolerance: float = 1e-4
    #: Whether a batch of different shapes gives what the images give alone; else they are padded to a common shape.
    mixed_as_alone: bool = True

    @property
    def module(self) -> str:
        return self.family.module

    @property
    def runtime(self) -> Runtime:
        return RUNTIMES[self.recipe.runtime]

    @property
    def everything(self) -> Query:
        return Query(self.confidence, self.labels)

    def load(self, device: str = "cpu", **changes: Any) -> Model:
        """Into this process."""
        return load_model(self.module, replace(self.recipe, **changes), device)

    def load_in(self, host: Host, device: str = "cpu", **changes: Any) -> Loaded:
        """Into a Host."""
        return load_in(host, Loading(self.module, replace(self.recipe, **changes)), device)


@dataclass(frozen=True)
class Loading:
    """A loader that can be sent to a Host."""

    module: str
    recipe: Recipe

    def __call__(self, device: str) -> Model:
        return load_model(self.module, self.recipe, device)


def load_in(host: Host, loader: Callable[[str], Model], device: str = "cpu") -> Loaded:
    reply = ask(host, Load(loader, device, None), WATCH)
    assert isinstance(reply, Loaded)
    return reply


@dataclass(frozen=True)
class FirstLoad:
    """A subject as a new Host loaded it, with nothing exported before."""

    subject: Subject
    host: Host
    reply: Loaded
    spy: Spy
    #: The home folder as the environment names it, new and empty before.
    home: Path


def make_subject(name: str, request: pytest.FixtureRequest, folder: Path) -> Subject:
    """By a name of SUBJECTS; `folder` takes its weights and what is exported of them."""
    family, runtime = name.split("@")
    subject = _MAKERS[family](request, folder)
    exports = folder / "exports"
    exports.mkdir()
    loose: dict[str, Any] = {} if runtime == "torch" else {"box_tolerance": 1.0, "score_tolerance": 0.01}
    return replace(subject, recipe=replace(subject.recipe, runtime=runtime, exports=exports), **loose)


def _ultralytics(request: pytest.FixtureRequest, folder: Path) -> Subject:
    weights: Path = request.getfixturevalue("yolo_weights")
    return Subject(
        Recipe("random", weights, 320, {"auto": "car"}, file_sha256(weights)),
        FAMILIES["ultralytics"],
        labels=("car", "person", "tree"),
        parameters=_learned_values(weights),
        confidence=0.5,
        reference=yolo_predict,
        mixed_as_alone=False,
    )


def _timm(request: pytest.FixtureRequest, folder: Path) -> Subject:
    (folder / "weights").mkdir()
    weights, parameters = make_timm_weights(folder / "weights")
    return Subject(
        Recipe("random", weights, 320, {}, file_sha256(weights), parameters=parameters),
        FAMILIES["timm"],
        labels=("car",),
        parameters=sum(each.numel() for each in make_network().parameters()),
        confidence=0.001,  # so that its own threshold cuts nothing
        count_basis="peaks",
    )


def _detectron2(request: pytest.FixtureRequest, folder: Path) -> Subject:
    (folder / "weights").mkdir()
    weights, parameters = make_detectron2_weights(folder / "weights")
    return Subject(
        Recipe("random", weights, 320, {"auto": "car"}, file_sha256(weights), parameters=parameters),
        FAMILIES["detectron2"],
        labels=("car", "person", "tree"),
        parameters=detectron2_learned_values(weights),
        confidence=0.3,
        reference=detectron2_predict,
        mixed_as_alone=False,
    )


_MAKERS = {"ultralytics": _ultralytics, "timm": _timm, "detectron2": _detectron2}
#: It compiles for minutes at each load: test_ultralytics_compiled.py loads it once.
_ELSEWHERE = "torch-compile"
ALL_SUBJECTS = [f"{name}@{runtime}" for name in _MAKERS for runtime in FAMILIES[name].runtimes if runtime != _ELSEWHERE]


def why_not(name: str) -> str | None:
    """The reason why a subject cannot run here, as a comparison would give it."""
    family, runtime = name.split("@")
    try:
        check_family(family, FAMILIES[family])
        check_runtime(name, RUNTIMES[runtime])
    except BenchmarkError as error:
        return str(error)
    return None


#: Each family in each of its runtimes, where it can run.
SUBJECTS = [name for name in ALL_SUBJECTS if why_not(name) is None]


def _learned_values(weights: Path) -> int:
    from ultralytics import YOLO

    yolo = YOLO(weights)
    yolo.fuse()  # batch norms become a part of the convolutions, as in every prediction
    return sum(each.numel() for each in yolo.model.parameters())


def yolo_predict(recipe: Recipe, images: Sequence[Image], query: Query) -> list[list[Detection]]:
    """What `YOLO.predict` of the ultralytics package gives for a batch, with our names of classes."""
    from ultralytics import YOLO

    yolo = YOLO(recipe.weights)
    names = {index: recipe.classes.get(name, name) for index, name in yolo.names.items()}
    results = yolo.predict(
        list(images),
        imgsz=recipe.input_size,
        conf=query.confidence,
        classes=[index for index, name in names.items() if name in query.classes],
        batch=len(images),
        device="cpu",
        verbose=False,
    )
    return [
        [Detection((x1, y1, x2, y2), score, names[int(index)]) for x1, y1, x2, y2, score, index in rows]
        for rows in (result.boxes.data.tolist() for result in results)
    ]
