"""Small YOLO weights without any training: enough to compare detections with the package's own."""

from pathlib import Path
from typing import Any

import pytest


def normalise(network: Any, torch: Any) -> None:
    """Fit the batch norms to noise: without it all cells of an image score the same, and ties are cut anyhow."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # a plain average
            module.reset_running_stats()
    network.train()
    with torch.no_grad():
        for _ in range(4):
            network(torch.rand(2, 3, 320, 320))
    network.eval()


@pytest.fixture(scope="session")
def yolo_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLOv8n of 3 classes with random weights whose class scores are spread over 0–1.

    None of them reaches 1.0: which of equal scores comes first is left to the sort, and differs from call to call.
    """
    torch = pytest.importorskip("torch")
    ultralytics = pytest.importorskip("ultralytics")
    torch.manual_seed(0)
    yolo = ultralytics.YOLO("yolov8n.yaml", verbose=False)
    network = ultralytics.nn.tasks.DetectionModel("yolov8n.yaml", nc=3, verbose=False)
    network.names = {0: "auto", 1: "person", 2: "tree"}
    normalise(network, torch)
    for branch in network.model[-1].cv3:
        torch.nn.init.normal_(branch[-1].weight, std=0.2)
        branch[-1].bias.data += 2
    yolo.model = network
    path = tmp_path_factory.mktemp("weights") / "random.pt"
    yolo.save(path)
    return path
