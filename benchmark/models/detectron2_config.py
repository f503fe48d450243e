"""The config of a detectron2 model: one of the package's model zoo, and what the catalogue's entry changes in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import detectron2
from detectron2.config import CfgNode, get_cfg
from detectron2.data import MetadataCatalog

from benchmark.errors import BadCatalogue
from benchmark.models.family import Recipe

DEFAULT = "COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml"

#: Not asked of the package's module `model_zoo`, which imports `pkg_resources`: setuptools has dropped it.
_ZOO = Path(detectron2.__file__).resolve().parent / "model_zoo" / "configs"

#: What a config must say for the adapter to know the network's parts.
_PARTS = {
    "MODEL.META_ARCHITECTURE": "GeneralizedRCNN",
    "MODEL.PROPOSAL_GENERATOR.NAME": "RPN",
    "MODEL.ROI_HEADS.NAME": "StandardROIHeads",
}


def build_config(recipe: Recipe, device: str) -> CfgNode:
    """The config that `recipe.parameters` describes: `config`, `class_names` and `overrides`, all optional.

    Raises BadCatalogue.
    """
    if unknown := sorted(set(recipe.parameters) - {"config", "class_names", "overrides"}):
        raise _bad(recipe, f"unknown keys {', '.join(unknown)}; known: config, class_names, overrides")
    config = get_cfg()
    # The package reads YAML in a way that can run code, so nothing but its own files is given to it.
    config.merge_from_file(str(_zoo_file(recipe)))
    _override(config, recipe)
    config.MODEL.WEIGHTS = ""  # of the zoo: to be fetched from the network
    config.MODEL.DEVICE = device
    config.INPUT.MAX_SIZE_TEST = recipe.input_size
    config.MODEL.ROI_HEADS.NUM_CLASSES = len(class_names(config, recipe))
    _check_parts(config, recipe)
    return config


def class_names(config: CfgNode, recipe: Recipe) -> Sequence[str]:
    """Names by class index, those of the weights: the entry's own, or those of the data that the zoo's were trained on.

    Raises BadCatalogue.
    """
    names = recipe.parameters.get("class_names")
    if names is None:
        names = MetadataCatalog.get(config.DATASETS.TEST[0]).get("thing_classes") if config.DATASETS.TEST else None
        if names is None:
            raise _bad(recipe, "class_names must list the classes of these weights: the config names none")
    if isinstance(names, str) or not names or not all(isinstance(each, str) for each in names):
        raise _bad(recipe, "class_names must be a list of names, in the order of training")
    return list(names)


def _zoo_file(recipe: Recipe) -> Path:
    name = recipe.parameters.get("config", DEFAULT)
    if not isinstance(name, str) or not name.endswith(".yaml") or ".." in name or not (_ZOO / name).is_file():
        raise _bad(recipe, f"config must be a YAML file of detectron2's model zoo, like {DEFAULT}, not {name!r}")
    return _ZOO / name


def _override(config: CfgNode, recipe: Recipe) -> None:
    overrides = recipe.parameters.get("overrides", {})
    if not isinstance(overrides, Mapping):
        raise _bad(recipe, 'overrides must be a table, like { "MODEL.RESNETS.DEPTH" = 101 }')
    for key, value in overrides.items():
        try:
            config.merge_from_list([key, value])
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise _bad(recipe, f"overrides: {key} = {value!r} does not fit into the config: {error}") from error


def _check_parts(config: CfgNode, recipe: Recipe) -> None:
    for key, known in _PARTS.items():
        node: Any = config
        for part in key.split("."):
            node = node[part]
        if node != known:
            raise _bad(
                recipe, f"only Faster R-CNN and Mask R-CNN with FPN or DC5 run here: {key} is {node}, not {known}"
            )


def _bad(recipe: Recipe, reason: str) -> BadCatalogue:
    return BadCatalogue(f"models.{recipe.model_id}.parameters: {reason}.")
