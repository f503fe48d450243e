"""What light, weather and a camera make of a painted scene."""

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.canvas import Canvas, Image
from demo.street import Light


def expose(canvas: Canvas, light: Light, rng: np.random.Generator) -> Image:
    """Turn a painted canvas into a photograph: tint, lamps, weather, exposure, blur and grain."""
    picture = canvas.finished().astype(np.float32) * np.asarray(light.tint, np.float32)
    picture += light.lamps * _glow(canvas)
    weather = rng.random()
    if weather < 0.1:
        picture = _rain(picture, rng)
    elif weather < 0.18:
        picture = _mist(picture, light, rng)
    picture = picture * rng.uniform(0.9, 1.08) + rng.uniform(-8, 8)
    if rng.random() < 0.15:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.35, 0.65)), np.float32)
    picture += rng.normal(0, rng.uniform(0.5, 3.0), picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _glow(canvas: Canvas) -> NDArray[np.float32]:
    height, width = canvas.owners.shape
    # A quarter of the size is enough for something this soft, and sixteen times as fast.
    light = np.zeros((height // 4, width // 4, 3), np.float32)
    for lamp in canvas.lamps:
        halo = np.zeros_like(light)
        x, y = (round(c / 4) for c in lamp.centre)
        cv2.circle(halo, (x, y), max(1, round(lamp.radius / 4)), lamp.colour, -1, cv2.LINE_AA)
        light = np.minimum(light + 0.45 * halo, 150)
    soft = 0.5 * cv2.GaussianBlur(light, (0, 0), 1.5) + 0.5 * cv2.GaussianBlur(light, (0, 0), 5)
    return np.asarray(cv2.resize(soft, (width, height)), np.float32)


def _rain(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    streaks = np.zeros((height, width), np.float32)
    slant = rng.uniform(-4, 4)
    for x, y in rng.uniform((0, 0), (width, height), (260, 2)):
        end = (round(x + slant), round(y + 13))
        cv2.line(streaks, (round(x), round(y)), end, 38.0, 1, cv2.LINE_AA)
    return picture * np.float32(0.9) + streaks[:, :, None]


def _mist(picture: NDArray[np.float32], light: Light, rng: np.random.Generator) -> NDArray[np.float32]:
    height = picture.shape[0]
    far = np.linspace(1.0, 0.35, height, dtype=np.float32)[:, None, None]
    share = far * np.float32(rng.uniform(0.2, 0.42))
    haze = np.asarray(light.sky_bottom, np.float32) * np.asarray(light.tint, np.float32)
    return np.asarray(picture * (1 - share) + haze * share, np.float32)
