"""Brings arrays of pixels into the one form that models are given."""

from typing import Any

import cv2
import numpy as np

from benchmark.errors import BadImage
from benchmark.model import Image


def as_bgr(image: Any) -> Image:
    """Height × width × 3, BGR, 0–255. What has that form comes back as it is, without a copy.

    Grey (height × width, or × 1) and BGRA (height × width × 4) are converted; transparency is dropped, not blended.
    Raises BadImage for anything else: an empty array, other channels, other numbers than `uint8`.
    """
    if not isinstance(image, np.ndarray):
        raise BadImage(f"An image must be a NumPy array of pixels, not {type(image).__name__}.")
    if image.dtype != np.uint8:
        raise BadImage(f"An image's values must be uint8, 0 to 255, not {image.dtype}.")
    if image.size == 0:
        raise BadImage(f"The image has no pixels: its shape is {image.shape}.")
    match image.shape:
        case (_, _, 3):
            return image
        case (_, _) | (_, _, 1):
            return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]  # uint8 as given
        case (_, _, 4):
            return cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)  # type: ignore[return-value]  # uint8 as given
    raise BadImage(
        f"An image must be height × width × 3 (BGR), × 4 (BGRA), × 1 or height × width (grey), not {image.shape}."
    )
