from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import BadCatalogue, Catalogue, LibraryMissing, RuntimeUnavailable, UnknownRuntime, load_catalogue
from benchmark.models import runtime as module
from benchmark.models.family import check_versions
from benchmark.models.runtime import RUNTIMES, Runtime, check_runtime

ENTRY = """
[models.mine]
name = "mine"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "My own."
"""


def catalogue(folder: Path, lines: str = "", text: str = ENTRY) -> Catalogue:
    (folder / "catalogue.toml").write_text(text + lines)
    return load_catalogue(folder / "catalogue.toml")


def test_a_runtime_stands_behind_the_models_id() -> None:
    entry = load_catalogue()["Trained_yolov8@onnx"]
    assert (entry.id, entry.base_id, entry.runtime) == ("Trained_yolov8@onnx", "Trained_yolov8", "onnx")
    assert entry.weights == load_catalogue()["Trained_yolov8"].weights


def test_the_usual_runtime_need_not_be_named_and_makes_no_other_model() -> None:
    catalogue = load_catalogue()
    assert catalogue["Trained_yolov8"].runtime == "torch"
    assert catalogue["Trained_yolov8@torch"] == catalogue["Trained_yolov8"]


def test_all_runtimes_of_a_model_are_listed_its_own_first() -> None:
    ids = [each.id for each in load_catalogue()["Trained_yolov8"].variants]
    assert ids == ["Trained_yolov8", *(f"Trained_yolov8@{name}" for name in list(RUNTIMES)[1:])]
    assert [each.id for each in load_catalogue()["detectron2"].variants] == ["detectron2"]
    assert load_catalogue()["wav2vec2"].variants == []


def test_a_runtime_that_a_model_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(UnknownRuntime) as caught:
        load_catalogue()["Trained_yolov8@tflite"]
    assert str(caught.value).startswith(
        "Trained_yolov8 cannot be run as @tflite. It can be run as: Trained_yolov8, Trained_yolov8@torch-fp16, "
    )
    with pytest.raises(UnknownRuntime, match=r"detectron2 cannot be run as @onnx\. There is only detectron2\."):
        load_catalogue()["detectron2@onnx"]


def test_an_entry_can_choose_its_runtimes_and_the_first_is_its_own(tmp_path: Path) -> None:
    [entry] = catalogue(tmp_path, 'runtimes = ["openvino", "torch"]\n')
    assert (entry.id, entry.runtime) == ("mine", "openvino")
    assert [each.id for each in entry.variants] == ["mine", "mine@torch"]


@pytest.mark.parametrize("runtimes", ['["tflite"]', "[]", '["onnx", "onnx"]'])
def test_runtimes_that_the_family_has_not_are_refused(tmp_path: Path, runtimes: str) -> None:
    with pytest.raises(BadCatalogue, match=r"models\.mine: runtimes must be some of torch, torch-fp16, .*, each once"):
        catalogue(tmp_path, f"runtimes = {runtimes}\n")


@pytest.mark.parametrize("model_id", ["a@b", "-a", "a b", "", "x" * 65])
def test_an_id_that_the_database_would_refuse_is_refused(tmp_path: Path, model_id: str) -> None:
    with pytest.raises(BadCatalogue, match="an id is of letters, digits"):
        catalogue(tmp_path, text=ENTRY.replace("models.mine", f'models."{model_id}"'))


def test_a_family_of_ones_own_can_have_runtimes(tmp_path: Path) -> None:
    text = ENTRY.replace("ultralytics", "own")
    family = '[families.own]\nmodule = "own_adapter"\nadvice = "Ask Ada."\nrequires = ["no_such_library"]\n'
    [entry] = catalogue(tmp_path, text=text + family + 'runtimes = ["torch", "onnx"]\n')
    assert [each.id for each in entry.variants] == ["mine", "mine@onnx"]
    assert entry.adapter
    assert entry.adapter.install_hint == "no_such_library is not installed. Ask Ada."
    with pytest.raises(BadCatalogue, match=r"families\.own: runtimes must be some of torch,"):
        catalogue(tmp_path, text=text + family + 'runtimes = ["tflite"]\n')
    with pytest.raises(BadCatalogue, match=r"families\.own: runtimes must be a list of texts"):
        catalogue(tmp_path, text=text + family + 'runtimes = "torch"\n')


def test_what_a_family_alone_understands_is_passed_on(tmp_path: Path) -> None:
    [entry] = catalogue(tmp_path, "parameters = { peak_threshold = 0.4 }\n")
    assert entry.parameters == {"peak_threshold": 0.4}


def test_a_missing_library_of_a_runtime_is_named_with_how_to_get_it() -> None:
    onnx = replace(RUNTIMES["onnx"], requires=("no_such_library",))
    with pytest.raises(LibraryMissing) as caught:
        check_runtime("m@onnx", onnx)
    assert str(caught.value) == (
        "m@onnx cannot run: no_such_library is not installed. Run in the project's folder: uv pip install -e '.[onnx]'"
    )
    with pytest.raises(LibraryMissing, match="Run: uv pip install no_such_library"):
        check_runtime("m", Runtime("x", "x", ("no_such_library",)))


@pytest.mark.parametrize(("driver", "device"), [(False, "auto"), (True, "cpu")])
def test_a_runtime_for_gpus_is_refused_on_a_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, driver: bool, device: str
) -> None:
    (tmp_path / "version").touch()
    monkeypatch.setattr(module, "_NVIDIA_DRIVER", tmp_path / ("version" if driver else "none"))
    with pytest.raises(RuntimeUnavailable, match="torch-fp16 needs an NVIDIA GPU"):
        check_runtime("m@torch-fp16", RUNTIMES["torch-fp16"], device)
    monkeypatch.setattr(module, "_NVIDIA_DRIVER", tmp_path / "version")
    check_runtime("m@torch-fp16", RUNTIMES["torch-fp16"], "cuda:0")


def test_without_a_compiler_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeUnavailable, match=r"needs a C\+\+ compiler"):
        check_runtime("m@torch-compile", RUNTIMES["torch-compile"])
    (tmp_path / "g++").touch(mode=0o755)
    check_runtime("m@torch-compile", RUNTIMES["torch-compile"])


def test_a_library_that_is_too_old_is_named_with_both_versions() -> None:
    check_versions("m", ["numpy>=1.0", "no-such-package>=1"])
    with pytest.raises(LibraryMissing, match=r"m cannot run: it needs numpy>=999, but numpy \d.* is installed\."):
        check_versions("m", ["numpy>=999"])


def test_a_requirement_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match=r"models\.mine: requires must be a list like"):
        catalogue(tmp_path, 'requires = ["not a requirement!"]\n')
