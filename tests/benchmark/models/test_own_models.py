"""A model of a known family and a family of one's own, added as docs/models.md says."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import Arena, BenchmarkSettings, Catalogue, LabelledImage, Options, load_catalogue, model_state
from benchmark.errors import WeightsUnreadable
from benchmark.model import Query, predict
from benchmark.models.family import Recipe, load_model
from benchmark.models.weights import file_sha256

DOCS = Path(__file__).parents[3] / "docs" / "models.md"
PLACEHOLDER = "what `sha256sum our_yolo.pt` prints"
NAMES = ["background", "auto", "person"]

torch: Any = pytest.importorskip("torch")
torchvision: Any = pytest.importorskip("torchvision")
safetensors: Any = pytest.importorskip("safetensors.torch")


def block(language: str, holding: str) -> str:
    """The one piece of code in the docs with that in it."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    [found] = [each for each in blocks if holding in each]
    return str(found)


@pytest.fixture(scope="module")
def network() -> Any:
    """With random weights, whose scores are spread."""
    torch.manual_seed(0)
    network = torchvision.models.get_model(
        "ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=len(NAMES)
    )
    for name, weight in network.head.classification_head.named_parameters():
        if name.endswith("1.weight"):
            torch.nn.init.normal_(weight, std=0.5)
    return network.eval()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, yolo_weights: Path, network: Any) -> Path:
    """The folder that a reader of the docs would make."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "our_yolo.pt").write_bytes(yolo_weights.read_bytes())
    safetensors.save_file(network.state_dict(), folder / "our_ssd.safetensors")
    (folder / "torchvision_adapter.py").write_text(block("python", "class TorchvisionModel"), "utf-8")
    entries = block("toml", "[models.our_yolo]") + block("toml", "[families.torchvision]")
    assert PLACEHOLDER in entries
    (folder / "catalogue.toml").write_text(entries.replace(PLACEHOLDER, file_sha256(folder / "our_yolo.pt")), "utf-8")
    return folder


@pytest.fixture
def catalogue(own: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.syspath_prepend(str(own))
    return load_catalogue(own / "catalogue.toml")


def recipe(catalogue: Catalogue, own: Path) -> Recipe:
    entry = catalogue["our_ssd"]
    return Recipe("our_ssd", own / "our_ssd.safetensors", entry.input_size, entry.classes, parameters=entry.parameters)


def test_both_can_run(catalogue: Catalogue) -> None:
    assert [(entry.id, model_state(entry).state) for entry in catalogue] == [
        ("our_yolo", "ready"),
        ("our_ssd", "ready"),
    ]


def test_they_are_compared(catalogue: Catalogue, scenes: list[LabelledImage], quick: Options) -> None:
    with Arena(catalogue, settings=BenchmarkSettings(country="DEU")) as arena:
        comparison = arena.compare("our_yolo", "our_ssd", scenes[:4], quick)
    assert comparison.winner in ("our_yolo", "our_ssd", "tie")
    assert {image.model_id for image in comparison.images} == {"our_yolo", "our_ssd"}


def test_the_docs_adapter_finds_what_its_library_finds(catalogue: Catalogue, own: Path, network: Any) -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    model = load_model("torchvision_adapter", recipe(catalogue, own), "cpu")
    [found] = predict(model, [image], Query(0.3, ("car",)))
    rgb = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1).float() / 255
    with torch.inference_mode():
        [reference] = network([rgb])
    kept = (reference["labels"] == NAMES.index("auto")) & (reference["scores"] > 0.3)
    assert 1 <= len(found) < len(kept)
    assert [each.score for each in found] == reference["scores"][kept].tolist()
    assert [list(each.box) for each in found] == reference["boxes"][kept].tolist()
    assert {each.label for each in found} == {"car"}


def test_the_docs_adapter_refuses_other_weights(catalogue: Catalogue, own: Path, tmp_path: Path) -> None:
    (tmp_path / "our_ssd.safetensors").write_bytes(b"none")
    with pytest.raises(WeightsUnreadable, match=r"our_ssd\.safetensors holds no ssdlite320"):
        load_model("torchvision_adapter", recipe(catalogue, tmp_path), "cpu")
