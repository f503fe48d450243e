from typing import Any

import numpy as np
import pytest

from benchmark import BadImage
from benchmark.models.bgr import as_bgr

BGR = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)


@pytest.mark.parametrize("image", [BGR, BGR[:, ::2], BGR[:1, :1], np.asfortranarray(BGR)], ids=str)
def test_an_image_in_bgr_comes_back_as_it_is(image: Any) -> None:
    assert as_bgr(image) is image


@pytest.mark.parametrize("grey", [BGR[..., 0], BGR[..., :1], BGR[:1, :1, 0], BGR[::2, ::2, 0]], ids=lambda a: a.shape)
def test_grey_has_the_same_value_in_all_channels(grey: Any) -> None:
    converted = as_bgr(grey)
    assert converted.shape == (*grey.shape[:2], 3)
    assert converted.dtype == np.uint8
    for channel in range(3):
        assert np.array_equal(converted[..., channel], grey.reshape(grey.shape[:2]))


def test_transparency_is_dropped_and_the_order_of_colours_kept() -> None:
    alpha = np.zeros((4, 6, 1), np.uint8)
    assert np.array_equal(as_bgr(np.concatenate([BGR, alpha], axis=2)), BGR)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((0, 6, 3), np.uint8), r"no pixels: its shape is \(0, 6, 3\)"),
        (np.zeros((4, 0), np.uint8), "no pixels"),
        (np.zeros((4, 6, 0), np.uint8), "no pixels"),
        (np.zeros((), np.uint8), r"not \(\)"),
        (np.zeros(12, np.uint8), r"not \(12,\)"),
        (np.zeros((4, 6, 2), np.uint8), r"not \(4, 6, 2\)"),
        (np.zeros((4, 6, 5), np.uint8), r"not \(4, 6, 5\)"),
        (np.zeros((1, 4, 6, 3), np.uint8), r"not \(1, 4, 6, 3\)"),
        (np.zeros((4, 6, 3), np.uint16), "must be uint8, 0 to 255, not uint16"),
        (np.zeros((4, 6, 3), np.float32), "not float32"),
        (np.zeros((4, 6), bool), "not bool"),
        (None, "not NoneType"),
        ([[0, 1]], "not list"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(image: Any, said: str) -> None:
    with pytest.raises(BadImage, match=said):
        as_bgr(image)
