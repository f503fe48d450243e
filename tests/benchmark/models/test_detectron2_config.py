"""Run where detectron2 is installed: docs/models.md has the command."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark import BadCatalogue
from tests.benchmark.models.detectron2_weights import load, make_detectron2_weights, random_recipe

pytest.importorskip("detectron2", reason="detectron2 is not installed: docs/models.md has the command")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_detectron2_weights(tmp_path_factory.mktemp("weights"))[0]


def test_without_parameters_it_is_the_zoos_faster_rcnn_with_the_classes_of_coco(weights: Path) -> None:
    from benchmark.models.detectron2_config import build_config, class_names

    plain = replace(random_recipe(weights), parameters={}, input_size=1333)
    config = build_config(plain, "cpu")
    names = class_names(config, plain)
    assert (len(names), names[2], config.MODEL.ROI_HEADS.NUM_CLASSES) == (80, "car", 80)
    assert (config.MODEL.RESNETS.DEPTH, config.INPUT.MIN_SIZE_TEST, config.INPUT.MAX_SIZE_TEST) == (50, 800, 1333)
    assert config.MODEL.WEIGHTS == ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"konfig": "x"}, "unknown keys konfig; known: config, class_names, overrides"),
        ({"config": "COCO-Detection/none.yaml"}, "config must be a YAML file of detectron2's model zoo"),
        ({"config": "../../../../secret.yaml"}, "config must be a YAML file of detectron2's model zoo"),
        ({"config": "COCO-Detection/fcos_R_50_FPN_1x.py"}, "config must be a YAML file"),
        ({"config": 3}, "config must be a YAML file"),
        ({"class_names": "car"}, "class_names must be a list of names"),
        ({"class_names": []}, "class_names must be a list of names"),
        ({"overrides": ["MODEL.RESNETS.DEPTH"]}, "overrides must be a table"),
        ({"overrides": {"MODEL.RESNETS.DEEP": 18}}, "overrides: MODEL.RESNETS.DEEP = 18 does not fit"),
        ({"overrides": {"MODEL.RESNETS.DEPTH": "deep"}}, "overrides: MODEL.RESNETS.DEPTH = 'deep' does not fit"),
        ({"config": "COCO-Detection/retinanet_R_50_FPN_3x.yaml", "overrides": {}}, "META_ARCHITECTURE is RetinaNet"),
        ({"config": "COCO-Detection/faster_rcnn_R_50_C4_3x.yaml", "overrides": {}}, "ROI_HEADS.NAME is Res5ROIHeads"),
        ({"config": "Misc/cascade_mask_rcnn_R_50_FPN_3x.yaml", "overrides": {}}, "ROI_HEADS.NAME is CascadeROIHeads"),
    ],
)
def test_wrong_parameters_are_refused(weights: Path, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(BadCatalogue, match=r"models\.random\.parameters: .*" + message):
        load(random_recipe(weights, **parameters))
