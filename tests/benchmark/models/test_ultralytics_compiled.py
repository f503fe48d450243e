"""YOLO models compiled by torch.compile: a network of few layers, for a real one takes minutes to compile."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.box_agreement import box_agreement
from benchmark.errors import BenchmarkError
from benchmark.model import Image, Query, predict
from benchmark.models.family import Recipe, load_model
from benchmark.models.runtime import RUNTIMES, check_runtime
from tests.benchmark.models.conftest import normalise

pytest.importorskip("ultralytics")

RUNTIME = "torch-compile"
QUERY = Query(0.01, ("car", "person", "tree"))
#: Of a batch: alone and together, of several shapes.
BATCHES = (((240, 320),), ((500, 200),), ((641, 333),), ((480, 480), (480, 480)), ((240, 320), (200, 500), (64, 64)))
LAYERS: dict[str, Any] = {
    "nc": 3,
    "backbone": [[-1, 1, "Conv", [channels, 3, 2]] for channels in (16, 32, 32, 48, 64)],
    "head": [[[2, 3, 4], 1, "Detect", ["nc"]]],
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


def load(weights: Path, runtime: str, exports: Path | None = None) -> Any:
    recipe = Recipe("few", weights, 320, {"auto": "car"}, runtime=runtime, exports=exports)
    return load_model("benchmark.models.ultralytics_adapter", recipe, "cpu")


def noise(seed: int, shapes: tuple[tuple[int, int], ...]) -> list[Image]:
    generator = np.random.default_rng(seed)
    return [generator.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's own way to compile
def test_it_finds_what_torch_finds_and_compiles_nothing_more_once_it_is_loaded(weights: Path, tmp_path: Path) -> None:
    try:
        check_runtime("few", RUNTIMES[RUNTIME], "cpu")
    except BenchmarkError as error:
        pytest.skip(str(error))
    import torch

    compiled, eager = load(weights, RUNTIME, tmp_path), load(weights, "torch")
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    assert graphs > 0
    for seed, shapes in enumerate(BATCHES):
        images = noise(seed, shapes)
        found, expected = predict(compiled, images, QUERY), predict(eager, images, QUERY)
        agreement = box_agreement(found, expected, QUERY.confidence)
        assert agreement.agrees
        assert agreement.found_b > 5
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == graphs
    assert compiled.info.exporting_s == compiled.info.export_s > 0
    assert list(tmp_path.glob("inductor-*/*"))
