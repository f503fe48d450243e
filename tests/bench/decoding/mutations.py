"""Images that were damaged, at random but again and again in the same way."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmark.decoding.encoded import ALL, encode, gradient, noise, turned

#: Real files that broke decoders, where they are at hand.
BAD_IMAGES = Path(__file__).parents[4] / "shared" / "data" / "badimages"
_EDGES = (0, 1, 0x7F, 0x80, 0xFF)


def originals() -> list[bytes]:
    """Whole images of every format, and real broken ones where they are at hand."""
    made = [encode(pixels, form) for form in ALL for pixels in (gradient(), noise(120, 90))]
    made += [turned(form, 6) for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")]
    made += [encode(noise(120, 90), "JPEG", progressive=True), encode(noise(60, 40), "TIFF", compression="tiff_lzw")]
    found = sorted(BAD_IMAGES.iterdir()) if BAD_IMAGES.is_dir() else []
    return made + [path.read_bytes() for path in found if path.stat().st_size < 1_000_000]


def mutated(images: int, seed: int = 0) -> Iterator[bytes]:
    """So many, each of them an original with one to four damages."""
    dice, whole = random.Random(seed), originals()
    for _ in range(images):
        damaged = bytearray(dice.choice(whole))
        for _ in range(dice.randint(1, 4)):
            dice.choice(_DAMAGES)(damaged, dice, whole)
        yield bytes(damaged)


def _flip(data: bytearray, dice: random.Random, _whole: Sequence[bytes]) -> None:
    for _ in range(dice.randint(1, 20)):
        if data:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _cut(data: bytearray, dice: random.Random, _whole: Sequence[bytes]) -> None:
    del data[dice.randint(0, len(data)) :]


def _edit_header(data: bytearray, dice: random.Random, _whole: Sequence[bytes]) -> None:
    for _ in range(dice.randint(1, 4)):
        if data:
            data[dice.randrange(min(len(data), 200))] = dice.choice(_EDGES)


def _drop(data: bytearray, dice: random.Random, _whole: Sequence[bytes]) -> None:
    start = dice.randint(0, len(data))
    del data[start : start + dice.randint(1, 64)]


def _repeat(data: bytearray, dice: random.Random, _whole: Sequence[bytes]) -> None:
    start = dice.randint(0, len(data))
    data[start:start] = data[start : start + dice.randint(1, 400)] * dice.randint(1, 8)


def _splice(data: bytearray, dice: random.Random, whole: Sequence[bytes]) -> None:
    other = dice.choice(whole)
    data[dice.randint(0, len(data)) :] = other[dice.randint(0, len(other)) :]


_DAMAGES = (_flip, _cut, _edit_header, _drop, _repeat, _splice)
