"""One YOLO in each of its runtimes. Half precision and TensorRT need a GPU: only their refusal is seen here."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import psutil
import pytest

from benchmark import ClassMissing, ExportFailed, LabelledImage, RuntimeUnavailable
from benchmark.box_agreement import box_agreement
from benchmark.detection import Detection
from benchmark.measure.host import Host, Watch, ask, ask_all
from benchmark.measure.messages import Load, Loaded, Stream, Streamed
from benchmark.measure.threads import usable_cores
from benchmark.model import Image, Query, predict
from benchmark.models.family import Recipe, load_model
from tests.benchmark.measure.hosts import open_scenes

pytest.importorskip("ultralytics")

DATA = Path(__file__).parents[4] / "shared" / "data"
EXPORTED = ["onnx", "openvino"]
#: Measured with random and real weights: below 0.002 pixels and 0.00001.
BOX_TOLERANCE_PX, SCORE_TOLERANCE = 0.05, 0.0005
#: Low, so that there is much to compare.
CONFIDENCE = 0.05
EVERYTHING = Query(CONFIDENCE, ("car", "person", "tree"))
WATCH = Watch(silence_s=280)
THREADS = max(2, min(4, usable_cores()))


@pytest.fixture(scope="module")
def recipe(yolo_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    for runtime in EXPORTED:
        pytest.importorskip({"onnx": "onnxruntime"}.get(runtime, runtime))
    return Recipe("random", yolo_weights, 320, {"auto": "car"}, exports=tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="module")
def images() -> list[Image]:
    """Noise of different shapes: each is letterboxed to another."""
    random = np.random.default_rng(0)
    shapes = [(240, 320), (200, 500), (641, 333), (480, 480), (480, 480), (37, 1200)]
    return [random.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]


def load_here(recipe: Recipe, runtime: str, device: str = "cpu", **changes: Any) -> Any:
    from benchmark.models.ultralytics_adapter import load

    return load(replace(recipe, runtime=runtime, **changes), device)


@pytest.fixture(scope="module", params=EXPORTED)
def exported(request: pytest.FixtureRequest, recipe: Recipe) -> Any:
    return load_here(recipe, request.param)


def assert_same(found: list[list[Detection]], expected: list[list[Detection]], enough: int) -> None:
    """But for those whose score is at the threshold within the tolerance."""
    agreement = box_agreement(found, expected, CONFIDENCE)
    assert agreement.agrees
    assert agreement.matched >= enough
    assert agreement.largest_box_difference_px < BOX_TOLERANCE_PX
    assert agreement.largest_score_difference < SCORE_TOLERANCE


def test_boxes_are_those_of_torch_for_every_shape(exported: Any, recipe: Recipe, images: list[Image]) -> None:
    torch_model = load_here(recipe, "torch")
    for image in images:
        inputs = exported.preprocess([image])
        assert inputs.shape == torch_model.preprocess([image]).shape
        found, expected = (predict(model, [image], EVERYTHING) for model in (exported, torch_model))
        assert_same(found, expected, enough=1)


def test_batches_are_those_of_torch(exported: Any, recipe: Recipe, images: list[Image]) -> None:
    torch_model = load_here(recipe, "torch")
    for batch in (images, images[3:5]):
        found, expected = (predict(model, batch, EVERYTHING) for model in (exported, torch_model))
        assert_same(found, expected, enough=20)


def test_it_says_what_it_is_and_when_it_was_made(exported: Any, recipe: Recipe) -> None:
    again, torch_info = load_here(recipe, exported.info.runtime).info, load_here(recipe, "torch").info
    assert exported.info.export_s == again.export_s > 0
    assert again.exporting_s == 0
    assert (torch_info.export_s, torch_info.exporting_s) == (None, 0)
    same = {"runtime": "torch", "runtime_version": None, "export_s": None, "exporting_s": 0.0}
    assert replace(exported.info, **same) == replace(torch_info, **same)
    assert (exported.info.precision, exported.info.device) == ("fp32", "cpu")


def test_an_export_that_was_damaged_is_made_anew(recipe: Recipe, tmp_path: Path) -> None:
    assert load_here(recipe, "onnx", exports=tmp_path).info.exporting_s > 0
    [file] = tmp_path.glob("*/weights.onnx")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert load_here(recipe, "onnx", exports=tmp_path).info.exporting_s > 0
    assert load_here(recipe, "onnx", exports=tmp_path).info.exporting_s == 0


def test_without_a_folder_the_export_is_gone_once_it_is_open(recipe: Recipe, tmp_path: Path) -> None:
    import tempfile

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        for runtime in EXPORTED:
            model = load_here(recipe, runtime, exports=None)
            assert model.info.exporting_s > 0
            assert list(tmp_path.iterdir()) == []
            assert predict(model, [np.zeros((64, 64, 3), np.uint8)], Query(0.0, ("car",)))


@pytest.mark.parametrize("runtime", ["torch-fp16", "tensorrt"])
def test_what_needs_a_gpu_is_refused_on_a_processor(recipe: Recipe, runtime: str) -> None:
    with pytest.raises(RuntimeUnavailable, match=f"random cannot run: {runtime} needs an NVIDIA GPU"):
        load_here(recipe, runtime)


def test_an_export_that_takes_too_long_says_so(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match=r"^random could not be exported\. It took longer than 1 s"):
        load_here(recipe, "onnx", exports=tmp_path, export_timeout_s=0.5)
    assert list(tmp_path.glob("*.part-*")) == []


def test_weights_without_the_class_are_refused_before_anything_is_exported(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(ClassMissing, match=r"^random knows no class car\. It knows: auto, person, tree\."):
        load_here(recipe, "onnx", exports=tmp_path, classes={"car": "car"})
    assert list(tmp_path.glob("*/export.json")) == []


def threads_and_precision(model: Any) -> tuple[int, str]:
    """As the runtime itself says, of what was opened."""
    backend = model._predictor.model.backend
    if model.info.runtime == "onnx":  # computes in the types of the file
        return backend.session.get_session_options().intra_op_num_threads, backend.session.get_inputs()[0].type
    compiled = backend.ov_compiled_model
    return compiled.get_property("INFERENCE_NUM_THREADS"), str(compiled.get_property("INFERENCE_PRECISION_HINT"))


def load_witness(recipe: Recipe, device: str) -> Any:
    """A model whose class names also tell how its runtime is set."""
    model: Any = load_model("benchmark.models.ultralytics_adapter", recipe, device)
    told = map(str, threads_and_precision(model))
    model.info = replace(model.info, class_names=(*model.info.class_names, *told))
    return model


@pytest.fixture(scope="module", params=EXPORTED)
def loaded(request: pytest.FixtureRequest, recipe: Recipe) -> Iterator[dict[Host, Loaded]]:
    """Two with the same model and several threads, which is when these have to wait for each other."""
    started = [Host(name, threads=THREADS) for name in ("a", "b")]
    loader = partial(load_witness, replace(recipe, runtime=request.param))
    replies = ask_all([(host, Load(loader, "cpu", None)) for host in started], WATCH)
    assert all(isinstance(each, Loaded) and each.model.runtime == request.param for each in replies)
    yield cast(dict[Host, Loaded], dict(zip(started, replies, strict=True)))
    for host in started:
        host.close()


@pytest.fixture
def hosts(loaded: dict[Host, Loaded]) -> list[Host]:
    return list(loaded)


def test_a_host_gives_it_as_many_threads_as_torch_and_32_bit_floats(loaded: dict[Host, Loaded]) -> None:
    for reply in loaded.values():
        threads, precision = reply.model.class_names[-2:]
        assert int(threads) == reply.threads == THREADS
        assert precision in {"tensor(float)", "<Type: 'float32'>"}
        assert reply.model.precision == "fp32"


def test_a_host_that_waits_with_it_takes_no_processor_time(hosts: list[Host], scenes: list[LabelledImage]) -> None:
    ask_all([(host, open_scenes(scenes[:1])) for host in hosts], WATCH)
    ask_all([(host, Stream((0,) * 20, EVERYTHING)) for host in hosts], WATCH)
    before = sum(map(processor_s, hosts))
    time.sleep(2)
    assert sum(map(processor_s, hosts)) - before < 0.05  # measured, over 5 s: 0.00


def processor_s(host: Host) -> float:
    times = psutil.Process(host.pid).cpu_times()
    return float(times.user + times.system)


def test_while_one_is_timed_the_other_rests(hosts: list[Host], scenes: list[LabelledImage]) -> None:
    ask_all([(host, open_scenes(scenes[:1])) for host in hosts], WATCH)
    working_s = waiting_s = 0.0
    for number in range(6):
        at_work, at_rest = hosts[number % 2], hosts[1 - number % 2]
        before = processor_s(at_work), processor_s(at_rest)
        assert isinstance(ask(at_work, Stream((0,) * 20, EVERYTHING), WATCH), Streamed)
        working_s += processor_s(at_work) - before[0]
        waiting_s += processor_s(at_rest) - before[1]
    assert working_s > 0.5
    assert waiting_s < 0.03 * working_s


def test_a_host_has_no_more_busy_threads_than_it_was_given(hosts: list[Host], scenes: list[LabelledImage]) -> None:
    ask_all([(host, open_scenes(scenes[:1])) for host in hosts], WATCH)
    process = psutil.Process(hosts[0].pid)
    before = {each.id: each.user_time for each in process.threads()}
    assert isinstance(ask(hosts[0], Stream((0,) * 60, EVERYTHING), WATCH), Streamed)
    spent = [each.user_time - before.get(each.id, 0.0) for each in process.threads()]
    assert 1 <= sum(each > 0.1 * max(spent) for each in spent) <= THREADS


def test_the_weights_themselves_are_not_opened_in_the_host(hosts: list[Host], recipe: Recipe) -> None:
    maps = Path(f"/proc/{hosts[0].pid}/maps").read_text()
    assert "ultralytics" not in [Path(each).name for each in os.listdir(f"/proc/{hosts[0].pid}/cwd")]
    assert recipe.weights.name not in maps


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="the photographs are not beside the repository")
@pytest.mark.parametrize("runtime", EXPORTED)
def test_real_weights_find_in_photographs_what_torch_finds(runtime: str, tmp_path: Path) -> None:
    trained = Recipe("v8n", DATA / "weights" / "yolov8n_from_int8.pt", 640, {"car": "car"}, exports=tmp_path)
    exported, torch_model = load_here(trained, runtime), load_here(trained, "torch")
    paths = sorted((DATA / "cars" / "coco").rglob("*.jpg"))[:24]
    photographs = [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in paths]
    cars = Query(CONFIDENCE, ("car",))
    found, expected = ([predict(model, [each], cars)[0] for each in photographs] for model in (exported, torch_model))
    # Measured on all 48: 74 of 74 cars, corners at most 0.0004 pixels and scores at most 0.000002 apart.
    assert_same(found, expected, enough=10)
