"""What comes of images of every form."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmark import BadImage
from benchmark.decoding.decode import decode
from tests.benchmark.decoding.encoded import ALL, HEIGHT, LOSSLESS, WIDTH, Rgb, encode, gradient, noise, turned


def rgb(encoded: bytes) -> Rgb:
    pixels = decode(encoded, "x")
    assert pixels.dtype == np.uint8
    assert pixels.flags["C_CONTIGUOUS"]
    return pixels[..., ::-1]


def close(found: Rgb, wanted: Rgb, most: int) -> bool:
    return found.shape == wanted.shape and int(np.abs(found.astype(int) - wanted.astype(int)).max()) <= most


@pytest.mark.parametrize("form", ALL)
def test_every_format_is_decoded(form: str) -> None:
    reference = np.asarray(Image.open(io.BytesIO(encode(gradient(), form))).convert("RGB"))
    assert close(rgb(encode(gradient(), form)), reference, most=2)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_it_is_set_upright(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    flat = Image.fromarray(gradient())
    flat.getexif()[0x0112] = orientation
    assert close(rgb(turned(form, orientation)), np.asarray(ImageOps.exif_transpose(flat)), most=12)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1"])
def test_grey_palette_and_black_and_white_become_three_channels(mode: str) -> None:
    image = Image.fromarray(gradient()).convert(mode)
    assert close(rgb(encode(image, "PNG")), np.asarray(image.convert("RGB")), most=0)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(form: str) -> None:
    image = Image.fromarray(gradient()).convert("CMYK")
    encoded = encode(image, form, **({"quality": 100, "subsampling": 0} if form == "JPEG" else {}))
    assert close(rgb(encoded), gradient(), most=6)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_transparency_is_dropped_and_the_colours_stay(form: str) -> None:
    image = Image.fromarray(gradient())
    image.putalpha(Image.fromarray(gradient()[..., 0]))
    encoded = encode(image, form, **LOSSLESS[form], **({"exact": True} if form == "WEBP" else {}))
    assert close(rgb(encoded), gradient(), most=4)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_scaled_not_clipped(suffix: str, channels: int) -> None:
    pixels = gradient()[..., :channels].astype(np.uint16) * 257
    encoded = cv2.imencode(suffix, pixels[..., ::-1] if channels == 3 else pixels)[1].tobytes()
    wanted = gradient() if channels == 3 else np.repeat(gradient()[..., :1], 3, axis=-1)
    assert close(rgb(encoded), wanted, most=1)


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(form: str) -> None:
    frames = [Image.fromarray(np.full((HEIGHT, WIDTH, 3), value, np.uint8)) for value in (200, 20)]
    encoded = encode(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    assert close(rgb(encoded), np.full((HEIGHT, WIDTH, 3), 200, np.uint8), most=3)


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_what_is_cut_short_is_no_image(form: str, kept: float) -> None:
    encoded = encode(noise(200, 150), form)
    with pytest.raises(BadImage, match=r"^cars/x\.jpg (is|cannot)"):
        decode(encoded[: int(len(encoded) * kept)], "cars/x.jpg")


@pytest.mark.parametrize("progressive", [False, True])
def test_a_photograph_that_lacks_its_end_is_no_image(progressive: bool) -> None:
    encoded = encode(noise(320, 240), "JPEG", progressive=progressive)
    for missing in (1, 2, 10, 100, 1000, len(encoded) // 2):
        with pytest.raises(BadImage):
            decode(encoded[:-missing], "x")


def test_floating_point_pixels_are_refused_in_words() -> None:
    encoded = cv2.imencode(".tiff", gradient().astype(np.float32) / 255)[1].tobytes()
    with pytest.raises(BadImage, match="of a kind that cannot be read here"):
        decode(encoded, "x")


def test_the_reason_leaves_the_name_out() -> None:
    with pytest.raises(BadImage) as caught:
        decode(b"nothing", "secret/name.jpg")
    assert caught.value.reason == "It is broken, cut short, or of a kind that cannot be read here."
