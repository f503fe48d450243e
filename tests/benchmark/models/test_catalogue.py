from pathlib import Path

import pytest

from benchmark import BadCatalogue, CannotDetectCars, UnknownModel, load_catalogue, model_state

TUTORIAL = ["Trained_yolov5", "Trained_yolov8", "efficientnet_b0", "detectron2", "roberta_base", "wav2vec2"]

ENTRY = """
[models.mine]
name = "mine"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "My own."
classes = { auto = "car" }
[models.mine.weights]
file = "mine.pt"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "catalogue.toml").write_text(text)
    return folder / "catalogue.toml"


def test_the_six_models_of_the_tutorial_are_there_with_their_tasks() -> None:
    catalogue = load_catalogue()
    assert [entry.id for entry in catalogue] == TUTORIAL
    assert {entry.id: entry.task for entry in catalogue if not entry.can_detect_cars} == {
        "roberta_base": "fill-mask",
        "wav2vec2": "automatic-speech-recognition",
    }
    assert all(entry.weights and entry.family and entry.adapter for entry in catalogue if entry.can_detect_cars)


def test_a_language_model_is_refused_with_those_that_can() -> None:
    with pytest.raises(CannotDetectCars) as caught:
        load_catalogue().detector("roberta_base")
    assert str(caught.value) == (
        "roberta_base is a language model and cannot detect cars. "
        "Models that can: Trained_yolov5, Trained_yolov8, efficientnet_b0, detectron2."
    )


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownModel, match=r"'yolo'\. Models: Trained_yolov5, .*wav2vec2\.$"):
        load_catalogue()["yolo"]


def test_a_catalogue_of_ones_own_can_add_a_model_and_a_family(tmp_path: Path) -> None:
    text = ENTRY.replace("ultralytics", "mine") + '[families.mine]\nmodule = "my_adapter"\nrequires = ["numpy"]\n'
    [entry] = load_catalogue(write(tmp_path, text))
    assert entry.adapter
    assert (entry.adapter.module, entry.adapter.missing, entry.adapter.has_adapter) == ("my_adapter", [], False)
    assert (entry.input_size, entry.classes, entry.folder) == (640, {"auto": "car"}, tmp_path)


def test_an_adapter_in_a_package_that_is_not_there_is_missing(tmp_path: Path) -> None:
    text = (
        ENTRY.replace("ultralytics", "mine") + '[families.mine]\nmodule = "nobody.adapter"\nrequires = ["nobody.x"]\n'
    )
    [entry] = load_catalogue(write(tmp_path, text))
    assert entry.adapter
    assert (entry.adapter.has_adapter, entry.adapter.missing) == (False, ["nobody.x"])
    assert model_state(entry).reason == (
        "mine cannot run: there is no module nobody.adapter. Put its folder into PYTHONPATH if it is yours."
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[models.mine]", "[models.mine"), "cannot be read"),
        (("ultralytics", "yolo"), "there is no family 'yolo'. Families: ultralytics, timm, detectron2"),
        (('name = "mine"', ""), "models.mine: name must be a text"),
        (('name = "mine"', "nmae = 1"), "models.mine: unknown keys nmae"),
        (('file = "mine.pt"', 'file = "mine.pt"\nsha256 = "abc"'), "64 hex digits"),
        (('file = "mine.pt"', ""), "models.mine.weights: file must be a text"),
        (('file = "mine.pt"', 'file = "mine.pt"\nurl = 5'), "models.mine.weights: url must be a text"),
        (('file = "mine.pt"', 'file = "mine.pt"\nlicence = []'), "models.mine.weights: licence must be a text"),
        (('task = "object-detection"', 'task = "object-detection"\ninput_size = 7'), "from 32 to 4096"),
        (("object-detection", "Object Detection"), "models.mine: task must be written as model hubs do"),
        (('family = "ultralytics"', ""), "models.mine: can_detect_cars is true or false, and true for a family that"),
        (("object-detection", "fill-mask"), "models.mine: can_detect_cars is true or false"),
        (("cars = true", 'cars = "yes"'), "models.mine: can_detect_cars is true or false"),
        (("[models.mine]", "[models.tie]"), "models.tie: an id is of letters, digits"),
        (("[models.mine]", '[models."mine@onnx"]'), "models.mine@onnx: an id is of letters, digits"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(BadCatalogue) as caught:
        load_catalogue(write(tmp_path, ENTRY.replace(*change)))
    assert said in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match=r"none\.toml"):
        load_catalogue(tmp_path / "none.toml")
