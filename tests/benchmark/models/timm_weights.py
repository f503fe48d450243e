"""Small classifier weights without any training: enough to compare maps and peaks with the package's own."""

from pathlib import Path
from typing import Any

import pytest

ARCHITECTURE = "test_efficientnet"  # timm's own for tests: 0.1 M learned values
CLASS_NAMES = ["street", "auto", "tree"]
PARAMETERS: dict[str, Any] = {
    "architecture": ARCHITECTURE,
    "class_names": CLASS_NAMES,
    "car_classes": ["auto"],
    "peak_threshold": 0.5,
    "presence_threshold": 0.0,
}


def make_timm_weights(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The path of `random.safetensors` in `folder`, and the `parameters` of a Recipe for it.

    The probability of a car at a position of noise is spread over 0–1, and has several peaks from 0.5 up in an image
    of 240 × 320. Skips the test where timm is not installed.
    """
    pytest.importorskip("timm")
    from safetensors.torch import save_file

    path = folder / "random.safetensors"
    save_file(make_network().state_dict(), path)
    return path, PARAMETERS


def make_network(architecture: str = ARCHITECTURE, classes: int = len(CLASS_NAMES), spread: float = 3.0) -> Any:
    """A network whose scores at the positions of noise have that standard deviation, around 0 for each class."""
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    torch.manual_seed(0)
    network = timm.create_model(architecture, num_classes=classes)
    fit_batch_norms(network, torch)
    linear = network.get_classifier()
    with torch.no_grad():
        features = network.forward_features(torch.randn(2, 3, 240, 320)).permute(0, 2, 3, 1).flatten(0, 2)
        torch.nn.init.normal_(linear.weight)
        scores = features @ linear.weight.T
        linear.weight *= (spread / scores.std(dim=0))[:, None]
        linear.bias.copy_(-(features @ linear.weight.T).mean(dim=0))
    return network


def fit_batch_norms(network: Any, torch: Any) -> None:
    """To noise: without it all positions of an image score the same."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # a plain average
            module.reset_running_stats()
    network.train()
    with torch.no_grad():
        for _ in range(4):
            network(torch.randn(2, 3, 240, 320))
    network.eval()
