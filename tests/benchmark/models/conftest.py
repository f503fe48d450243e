"""Small YOLO weights without any training, and every family loaded, for the contract that all of them keep."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.measure.host import Host
from benchmark.model import Model
from tests.benchmark.models.families import SUBJECTS, FirstLoad, Subject, make_subject
from tests.benchmark.models.spy import Spy


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


@pytest.fixture(scope="session", params=SUBJECTS)
def first_load(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstLoad]:
    """Each family in each of its runtimes, under the eyes of a spy."""
    folder = tmp_path_factory.mktemp("subject")
    subject = make_subject(request.param, request, folder)
    (home := folder / "home").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        spy = Spy.set_up(folder, patch)
        host = Host(request.param)
        try:
            yield FirstLoad(subject, host, subject.load_in(host), spy, home)
        finally:
            host.close()


@pytest.fixture(scope="session")
def subject(first_load: FirstLoad) -> Subject:
    return first_load.subject


@pytest.fixture(scope="session")
def model(subject: Subject) -> Model:
    """In this process; what had to be exported was exported by the first load."""
    return subject.load()
