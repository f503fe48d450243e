"""YOLO models compiled by torch.compile: a network of few layers, compiled once.

YOLOv8n takes minutes to compile (measured: 80 s for each of two graphs), and each test of the contract in families.py
that loads its subject would do it again. What is held here is what compiling can change: what is found, for which
shapes it compiles, and when. Everything before and after the network is the same code as for torch.
"""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.box_agreement import box_agreement
from benchmark.errors import BenchmarkError, ClassMissing, DeviceUnavailable, WeightsUnreadable
from benchmark.model import Image, Model, Query, predict
from benchmark.models.family import Recipe, load_model
from benchmark.models.runtime import RUNTIMES, check_runtime
from tests.benchmark.models.conftest import normalise

pytest.importorskip("ultralytics")

RUNTIME = "torch-compile"
ADAPTER = "benchmark.models.ultralytics_adapter"
QUERY = Query(0.01, ("car", "person", "tree"))
#: Of a batch, as photographs are: landscape, portrait and square, alone and together.
USUAL = (((240, 320),), ((320, 240),), ((300, 300),), ((480, 480), (480, 480)), ((240, 320), (240, 320)))
#: So few pixels or so many that torch chooses another way to convolve them, or none.
RARE = (((500, 200),), ((1, 1),), ((3, 8000),), ((6000, 8000),))
LAYERS: dict[str, Any] = {
    "nc": 3,
    "backbone": [[-1, 1, "Conv", [channels, 3, 2]] for channels in (16, 16, 32)],
    "head": [[[2], 1, "Detect", ["nc"]]],
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random, with scores spread over 0–1."""
    import torch
    import ultralytics

    torch.manual_seed(0)
    yolo = ultralytics.YOLO("yolov8n.yaml", verbose=False)
    network = ultralytics.nn.tasks.DetectionModel(LAYERS, nc=3, verbose=False)
    network.names = {0: "auto", 1: "person", 2: "tree"}
    normalise(network, torch)
    for branch in network.model[-1].cv3:
        torch.nn.init.normal_(branch[-1].weight, std=0.2)
        branch[-1].bias.data += 2
    yolo.model = network
    path = tmp_path_factory.mktemp("compiled") / "few_layers.pt"
    yolo.save(path)
    return path


def load(weights: Path, runtime: str, exports: Path | None = None) -> Model:
    recipe = Recipe("few", weights, 320, {"auto": "car"}, runtime=runtime, exports=exports)
    return load_model(ADAPTER, recipe, "cpu")


def noise(seed: int, shapes: tuple[tuple[int, int], ...]) -> list[Image]:
    generator = np.random.default_rng(seed)
    return [generator.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def eager(weights: Path) -> Model:
    return load(weights, "torch")


@pytest.fixture(scope="module")
def compiled(weights: Path, exports: Path) -> Iterator[Model]:
    """Compiled once, for that takes half a minute."""
    try:
        check_runtime("few", RUNTIMES[RUNTIME], "cpu")
    except BenchmarkError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", "")  # so that it is gone afterwards
        warnings.filterwarnings("ignore", ".*torch.jit", DeprecationWarning)  # torch's own way to compile
        yield load(weights, RUNTIME, exports)


def graphs() -> int:
    """Compiled so far in this process."""
    import torch

    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])


def same_boxes(compiled: Model, eager: Model, images: list[Image]) -> int:
    """How many both find."""
    found, expected = predict(compiled, images, QUERY), predict(eager, images, QUERY)
    agreement = box_agreement(found, expected, QUERY.confidence)
    assert agreement.agrees
    return agreement.found_b


@pytest.mark.long
@pytest.mark.timeout(900)
def test_it_finds_what_torch_finds_and_compiles_nothing_more_once_it_is_loaded(compiled: Model, eager: Model) -> None:
    before = graphs()
    assert before > 0
    for seed, shapes in enumerate(USUAL):
        assert same_boxes(compiled, eager, noise(seed, shapes)) > 2
    assert graphs() == before


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_image_of_a_rare_shape_is_compiled_for_when_it_is_first_seen(compiled: Model, eager: Model) -> None:
    """That is in the warm-up, which sees every image once: no measurement waits for it."""
    rare = [noise(0, shapes) for shapes in RARE]
    assert sum(same_boxes(compiled, eager, images) for images in rare) > 2
    before = graphs()
    for images in rare:
        predict(compiled, images, QUERY)
    assert graphs() == before


@pytest.mark.long
@pytest.mark.timeout(900)
def test_it_says_what_it_is_and_keeps_what_was_compiled(compiled: Model, eager: Model, exports: Path) -> None:
    info = compiled.info
    assert info.export_s
    assert info.exporting_s == info.export_s > 0
    as_torch = replace(info, runtime="torch", export_s=None, exporting_s=0.0)
    assert as_torch == eager.info
    assert list(exports.glob("inductor-*/*"))


@pytest.mark.parametrize(
    ("changes", "device", "refusal"),
    [
        ({"weights": Path("missing.pt")}, "cpu", WeightsUnreadable),
        ({"weights": Path(__file__)}, "cpu", WeightsUnreadable),
        ({"classes": {"car": "car"}}, "cpu", ClassMissing),
        ({}, "cuda:77", DeviceUnavailable),
    ],
    ids=["missing weights", "no weights", "no such class", "no such device"],
)
def test_what_cannot_run_is_refused_before_anything_is_compiled(
    weights: Path, tmp_path: Path, changes: dict[str, Any], device: str, refusal: type[BenchmarkError]
) -> None:
    before = graphs()
    recipe = replace(Recipe("few", weights, 320, {"auto": "car"}, runtime=RUNTIME, exports=tmp_path), **changes)
    with pytest.raises(refusal):
        load_model(ADAPTER, recipe, device)
    assert (graphs(), list(tmp_path.iterdir())) == (before, [])
