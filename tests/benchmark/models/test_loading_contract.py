"""What every family promises in every runtime: loading, what it says of itself, and what it leaves behind."""

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from benchmark import BenchmarkError, DeviceUnavailable
from benchmark.measure.host import Host, ask
from benchmark.measure.messages import Detect, Detected, Open, Picture
from benchmark.model import Model, predict
from benchmark.models.weights import file_sha256
from tests.benchmark.models.alike import unmatched
from tests.benchmark.models.corruption import BROKEN, FLIPPED, Kinds, LoadingEach, bombs, corrupted
from tests.benchmark.models.families import ALL_SUBJECTS, WATCH, FirstLoad, Subject, load_in, why_not

#: How the loading of a file that is not what it should be may end.
TYPED = {"weights_unreadable", "export_failed"}


@pytest.mark.parametrize("name", ALL_SUBJECTS)
def test_the_contract_is_kept_here_by(name: str) -> None:
    if reason := why_not(name):
        pytest.skip(reason)


def test_it_says_what_it_is(first_load: FirstLoad, model: Model) -> None:
    subject, info = first_load.subject, first_load.reply.model
    assert info.parameters == subject.parameters
    assert (info.device, info.precision) == ("cpu", "fp32")
    assert set(subject.labels) <= set(info.class_names)
    assert (info.count_basis, info.input_size) == (subject.count_basis, subject.recipe.input_size)
    assert info.runtime == subject.recipe.runtime
    assert info.runtime_version
    assert (info.nms_iou is None) == (subject.count_basis != "boxes")


def test_what_was_made_first_is_said_once(first_load: FirstLoad, model: Model) -> None:
    """An export or a compilation takes time at the first load only, and that time is not loading."""
    first, second = first_load.reply, model.info
    runtime = first_load.subject.runtime
    if runtime.exported or runtime.needs_compiler:
        assert first.model.export_s
        assert first.model.export_s > 0
        assert first.model.exporting_s == pytest.approx(first.model.export_s, rel=0.2)
        assert first.load_s > 0
    else:
        assert (first.model.export_s, first.model.exporting_s) == (None, 0.0)
    if runtime.exported:
        assert (second.export_s, second.exporting_s) == (first.model.export_s, 0.0)


@pytest.mark.parametrize("device", ["cuda:77", "toaster", "meta", "", "cpu:3"])
def test_a_device_that_is_not_there_is_refused(subject: Subject, device: str) -> None:
    with pytest.raises(DeviceUnavailable):
        subject.load(device)


def test_missing_weights_are_refused(subject: Subject, tmp_path: Path) -> None:
    missing = tmp_path / f"missing{subject.recipe.weights.suffix}"
    with pytest.raises(BenchmarkError) as caught:
        subject.load(weights=missing, weights_sha256="0" * 64)
    assert caught.value.code in {"weights_missing", "weights_unreadable"}
    assert missing.name in str(caught.value)


@dataclass(frozen=True)
class Spoilt:
    """How the loading of files ended that are not the weights they should be, one after the other in one Host."""

    #: By what was done to them.
    broken: dict[str, str]
    flipped: dict[str, str]
    bombs: dict[str, str]
    host_lives: bool
    code_was_run: bool


@pytest.fixture(scope="session")
def spoilt(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    folder, weights = tmp_path_factory.mktemp("spoilt"), subject.recipe.weights
    trace = folder / "exploded"
    kinds = [corrupted(weights, folder, some(each, subject)) for each in (BROKEN, FLIPPED)]
    kinds.append(bombs(weights, folder, trace))
    host = Host("contract")
    try:
        loader = LoadingEach(subject.module, subject.recipe, tuple(file for files in kinds for file in files.values()))
        ended = iter(load_in(host, loader).model.class_names)
        broken, flipped, exploding = ({kind: next(ended) for kind in files} for files in kinds)
        return Spoilt(broken, flipped, exploding, host.alive, trace.exists())
    finally:
        host.close()


def some(kinds: Kinds, subject: Subject) -> Kinds:
    """All of them, but where each is opened by a child of its own, and by the same code as for torch."""
    return dict(list(kinds.items())[:2]) if subject.runtime.exported else kinds


def test_broken_weights_are_refused_and_the_process_lives(spoilt: Spoilt) -> None:
    assert {kind: how for kind, how in spoilt.broken.items() if how not in TYPED} == {}
    assert spoilt.host_lives


def test_weights_with_another_byte_are_refused_or_open(spoilt: Spoilt) -> None:
    """The library need not notice: nothing is opened whose sha256 the catalogue does not know."""
    assert {kind: how for kind, how in spoilt.flipped.items() if how not in TYPED | {"loaded"}} == {}


def test_code_in_weights_is_not_run(spoilt: Spoilt) -> None:
    assert {kind: how for kind, how in spoilt.bombs.items() if how not in TYPED} == {}
    assert not spoilt.code_was_run


def test_closing_ends_its_processes_and_another_can_load_it_again(subject: Subject) -> None:
    before = set(psutil.Process().children(recursive=True))
    host = Host("contract")
    subject.load_in(host)
    processes = [psutil.Process(host.pid), *psutil.Process(host.pid).children(recursive=True)]
    folder = Path(f"/proc/{host.pid}/cwd").readlink()
    assert host.resident_mb > 100
    host.close()
    psutil.wait_procs(processes, timeout=10)
    assert not any(each.is_running() for each in processes)
    assert set(psutil.Process().children(recursive=True)) <= before
    assert (host.resident_mb, folder.exists()) == (0.0, False)
    again = Host("contract")
    try:
        assert subject.load_in(again).model.parameters == subject.parameters
    finally:
        again.close()


def test_a_loaded_host_has_no_socket_but_the_one_to_its_parent(first_load: FirstLoad) -> None:
    folder = Path(f"/proc/{first_load.host.pid}/fd")
    open_files = [str((folder / name).readlink()) for name in os.listdir(folder)]
    assert sum(each.startswith("socket:") for each in open_files) == 1


def test_loading_asks_nothing_of_the_network(first_load: FirstLoad) -> None:
    assert first_load.spy.noted("outward") == []


def test_loading_writes_nothing_to_the_home_folder(first_load: FirstLoad) -> None:
    assert first_load.spy.noted("written"), "the spy saw nothing at all"
    assert first_load.spy.written_at_home == []
    assert list(first_load.home.rglob("*")) == []


def test_weights_are_left_as_they_were(first_load: FirstLoad) -> None:
    recipe = first_load.subject.recipe
    assert file_sha256(recipe.weights) == recipe.weights_sha256
    assert [each.name for each in recipe.weights.parent.iterdir() if each != recipe.weights] == []


def test_it_predicts_in_a_host_what_it_predicts_here(first_load: FirstLoad, model: Model, tmp_path: Path) -> None:
    image = np.random.default_rng(5).integers(0, 256, (240, 320, 3), np.uint8)
    assert cv2.imwrite(str(tmp_path / "noise.png"), image)
    subject = first_load.subject
    ask(first_load.host, Open((Picture(tmp_path / "noise.png", "noise.png"),)), WATCH)
    reply = ask(first_load.host, Detect(subject.everything, 0.1, 0), WATCH)
    assert isinstance(reply, Detected)
    [here] = predict(model, [image], subject.everything)
    assert unmatched(list(reply.detections[0]), here, subject.box_tolerance, subject.score_tolerance) == []
    assert here
