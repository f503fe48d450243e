import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from benchmark import DeviceUnavailable, WeightsUnreadable
from benchmark.detection import Detection
from benchmark.measure.host import Host, Watch, ask
from benchmark.measure.messages import Load, Loaded, Reply
from benchmark.model import Image, ModelInfo, Query, predict
from benchmark.models.family import Recipe, load_model

pytest.importorskip("ultralytics")

EVERYTHING = Query(0.001, ("car", "person", "tree"))


def recipe(weights: Path) -> Recipe:
    return Recipe("random", weights, 320, {"auto": "car"})


@pytest.fixture(scope="module")
def model(yolo_weights: Path) -> Any:
    from benchmark.models.ultralytics_adapter import load

    return load(recipe(yolo_weights), "cpu")


@pytest.fixture(scope="module")
def images() -> list[Image]:
    """Noise of different shapes; the last two have the same."""
    random = np.random.default_rng(0)
    shapes = [(240, 320), (200, 500), (641, 333), (480, 480), (480, 480)]
    return [random.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]


def rows(detections: list[Detection]) -> list[tuple[float, ...]]:
    return [(*each.box, each.score) for each in detections]


def predicted(weights: Path, images: list[Image], **arguments: Any) -> list[list[tuple[float, ...]]]:
    """What the package's own front door gives."""
    from ultralytics import YOLO

    results = YOLO(weights).predict(images, imgsz=320, iou=0.7, device="cpu", verbose=False, **arguments)
    return [[tuple(row[:5]) for row in result.boxes.data.tolist()] for result in results]


def test_detections_are_those_of_the_packages_own_predict(model: Any, yolo_weights: Path, images: list[Image]) -> None:
    for image in images:
        [ours] = predict(model, [image], EVERYTHING)
        assert rows(ours) == predicted(yolo_weights, [image], conf=0.001)[0]
        assert len(ours) > 10


def test_a_batch_gives_what_the_packages_batch_gives(model: Any, yolo_weights: Path, images: list[Image]) -> None:
    for batch in (images, images[3:]):
        ours = predict(model, batch, EVERYTHING)
        assert [rows(each) for each in ours] == predicted(yolo_weights, batch, conf=0.001, batch=len(batch))
        for scores in ([each.score for each in found] for found in ours):
            assert len(set(scores)) == len(scores) > 10  # of equal scores, either may come first


def test_only_wanted_classes_are_kept_under_our_names(model: Any, yolo_weights: Path, images: list[Image]) -> None:
    [ours] = predict(model, images[:1], Query(0.1, ("car", "tree")))
    assert rows(ours) == predicted(yolo_weights, images[:1], conf=0.1, classes=[0, 2])[0]
    assert {each.label for each in ours} == {"car", "tree"}


def test_it_says_what_it_is(model: Any) -> None:
    assert model.info.class_names == ("car", "person", "tree")
    assert (model.info.device, model.info.precision) == ("cpu", "fp32")
    assert 2_900_000 < model.info.parameters < 3_200_000


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    from benchmark.models.ultralytics_adapter import load

    junk = tmp_path / "junk.pt"
    junk.write_bytes(b"not a model" * 100)
    with pytest.raises(WeightsUnreadable, match=r"junk\.pt \(random\) cannot be opened"):
        load(recipe(junk), "cpu")


def load_in(host: Host, weights: Path) -> Reply:
    loader = partial(load_model, "benchmark.models.ultralytics_adapter", recipe(weights))
    return ask(host, Load(loader, "cpu", None), Watch(silence_s=120))


@pytest.fixture
def host() -> Iterator[Host]:
    started = Host("random")
    yield started
    started.close()


def test_in_a_host_a_pickle_with_code_in_it_is_not_run(host: Host, tmp_path: Path) -> None:
    import torch

    torch.save({"model": Bomb(tmp_path / "exploded")}, tmp_path / "bomb.pt")
    with pytest.raises(WeightsUnreadable):
        load_in(host, tmp_path / "bomb.pt")
    assert not (tmp_path / "exploded").exists()


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("device", ["cuda:7", "toaster"])
def test_a_device_that_is_not_there_is_refused(yolo_weights: Path, device: str) -> None:
    from benchmark.models.ultralytics_adapter import load

    with pytest.raises(DeviceUnavailable, match=device):
        load(recipe(yolo_weights), device)


def files_at_home() -> set[Path]:
    """Where the package keeps its settings unless it is told otherwise."""
    return {each for folder in (".config", ".cache", ".") for each in (Path.home() / folder).glob("Ultralytics/*")}


@dataclass(frozen=True)
class LoadedHost:
    host: Host
    reply: Loaded
    new_files_at_home: set[Path]


@pytest.fixture(scope="module")
def loaded(yolo_weights: Path) -> Iterator[LoadedHost]:
    """A Host that has its model, with as many threads as there are processors: the package takes one less."""
    before = files_at_home()
    started = Host("random", os.cpu_count())
    reply = ask(started, Load(partial(load_witness, recipe(yolo_weights)), "cpu", None), Watch(silence_s=120))
    assert isinstance(reply, Loaded)
    yield LoadedHost(started, reply, files_at_home() - before)
    started.close()


class Witness:
    """A model whose class names tell how many threads torch uses after the Host has loaded it."""

    def __init__(self, model: Any) -> None:
        self.synchronize = model.synchronize
        self._info: ModelInfo = model.info

    @property
    def info(self) -> ModelInfo:
        import torch

        return replace(self._info, class_names=(str(torch.get_num_threads()),))


def load_witness(recipe: Recipe, device: str) -> Any:
    return Witness(load_model("benchmark.models.ultralytics_adapter", recipe, device))


def test_in_a_host_it_uses_the_threads_it_was_given(loaded: LoadedHost) -> None:
    threads = os.cpu_count()
    assert (loaded.reply.threads, loaded.reply.model.class_names) == (threads, (str(threads),))


def test_in_a_host_it_leaves_the_home_folder_alone(loaded: LoadedHost) -> None:
    assert loaded.new_files_at_home == set()


def test_in_a_host_it_opens_no_socket(loaded: LoadedHost) -> None:
    descriptors = [
        Path(f"/proc/{loaded.host.pid}/fd/{name}").readlink() for name in os.listdir(f"/proc/{loaded.host.pid}/fd")
    ]
    assert sum(str(each).startswith("socket:") for each in descriptors) == 1  # the one to its parent


def test_in_a_host_a_loaded_model_takes_no_processor_time(loaded: LoadedHost) -> None:
    before = psutil.Process(loaded.host.pid).cpu_times()
    time.sleep(1)
    after = psutil.Process(loaded.host.pid).cpu_times()
    assert (after.user + after.system) - (before.user + before.system) < 0.1


def test_importing_the_adapter_alone_works() -> None:
    subprocess.run([sys.executable, "-c", "import benchmark.models.ultralytics_adapter"], check=True)
