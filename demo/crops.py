"""Crops of generated scenes, with what a classifier is to say of each crop and of each position of its map."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float32]

#: Of the blob that a car leaves on the map, in positions of the map.
BLOB_DEVIATION = 0.8
# Of ImageNet, as timm's EfficientNets take them: RGB, 0–1.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, slots=True)
class SmallScene:
    """A scene at the size that the classifier sees."""

    #: RGB, uint8, height × width × 3.
    image: npt.NDArray[np.uint8]
    #: Centre of each car: x and y in pixels, one row a car.
    centres: Array


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops, and the truth about them."""

    #: Normalised, (crops, 3, height, width).
    images: Array
    #: How much of a car's centre lies at a position, 0–1: (crops, height / stride, width / stride).
    maps: Array
    #: Whether the centre of a car lies in the crop.
    has_car: npt.NDArray[np.int64]


def read_scenes(manifest: Path, longer_side: int) -> list[SmallScene]:
    """The scenes of a manifest, shrunk."""
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    return [_read(manifest.parent / entry["image_path"], entry["boxes"], longer_side) for entry in entries]


def _read(path: Path, boxes: list[list[int]], longer_side: int) -> SmallScene:
    with Image.open(path) as picture:
        share = longer_side / max(picture.size)
        size = (round(picture.width * share), round(picture.height * share))
        image = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC))
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    centres: Array = ((corners[:, :2] + corners[:, 2:]) / 2 * share).astype(np.float32)
    return SmallScene(image, centres.astype(np.float32))


def draw_batch(
    scenes: list[SmallScene], count: int, size: tuple[int, int], stride: int, rng: np.random.Generator
) -> Batch:
    """Crops of one size (width, height) from random places of random scenes, every other one mirrored."""
    crops = [_crop(scenes[rng.integers(len(scenes))], size, rng) for _ in range(count)]
    return Batch(
        images=np.stack([_normalised(image, rng) for image, _ in crops]),
        maps=np.stack([centre_map(centres, size, stride) for _, centres in crops]),
        has_car=np.array([bool(_inside(centres, size).any()) for _, centres in crops], np.int64),
    )


def _crop(scene: SmallScene, size: tuple[int, int], rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], Array]:
    width, height = size
    left = rng.integers(scene.image.shape[1] - width + 1)
    top = rng.integers(scene.image.shape[0] - height + 1)
    image = scene.image[top : top + height, left : left + width]
    centres = scene.centres - np.array([left, top], np.float32)
    if rng.random() < 0.5:
        return image[:, ::-1], np.array([width, 0], np.float32) + centres * np.array([-1, 1], np.float32)
    return image, centres


def _normalised(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> Array:
    """A little lighter or darker than it is, so that no single brightness tells a car."""
    light = image.astype(np.float32) / 255 * np.float32(rng.uniform(0.85, 1.15))
    return ((light.clip(0, 1) - _MEAN) / _DEVIATION).transpose(2, 0, 1)


def _inside(centres: Array, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    within = (centres >= 0) & (centres < np.array(size))
    return within[:, 0] & within[:, 1]


def centre_map(centres: Array, size: tuple[int, int], stride: int) -> Array:
    """One blob for each car, 1 where a position of the map lies upon its centre; the highest where blobs meet."""
    columns, rows = size[0] // stride, size[1] // stride
    place = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=-1)
    if not len(centres):
        return np.zeros((rows, columns), np.float32)
    away = ((place[:, :, None] - centres / stride) ** 2).sum(axis=-1)
    blobs: Array = np.exp(-away / (2 * BLOB_DEVIATION**2)).max(axis=-1).astype(np.float32)
    return blobs
