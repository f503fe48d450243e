from collections import Counter
from itertools import islice

import pytest

from benchmark.interleaving import blocks, blocks_per_pass


def one_pass(images: int) -> list[tuple[int, tuple[int, ...]]]:
    return list(islice(blocks(images), blocks_per_pass(images)))


def test_a_few_images_are_taken_a_b_b_a() -> None:
    assert one_pass(6) == [(side, tuple(range(6))) for side in (0, 1, 1, 0)]


@pytest.mark.parametrize("images", [1, 2, 15, 16, 24, 32, 33, 64, 65, 100, 1000])
def test_in_a_pass_both_sides_see_every_image_equally_often_and_go_first_equally_often(images: int) -> None:
    taken = one_pass(images)
    seen = [Counter(index for side, chunk in taken if side == wanted for index in chunk) for wanted in (0, 1)]
    assert seen[0] == seen[1]
    assert set(seen[0]) == set(range(images))
    assert len(set(seen[0].values())) == 1
    first = Counter(side for side, _ in taken[::2])
    assert first[0] == first[1]


@pytest.mark.parametrize("images", [1, 5, 33, 1000])
def test_blocks_are_neither_long_nor_tiny(images: int) -> None:
    assert all(3 <= len(chunk) <= 6 for _, chunk in one_pass(images))
