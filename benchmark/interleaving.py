"""The order in which two models take their turns."""

import math
from collections.abc import Iterator
from itertools import count, pairwise

#: Images of a block, at most: long blocks let the machine drift between the two.
_LONGEST_BLOCK = 6
#: Samples of a block of few images, at least: with fewer, much of the time goes into taking turns.
_SHORTEST_BLOCK = 4


def blocks(images: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Endless blocks of (side, image indices): A B, B A, A B, … so that drift of the machine hits both alike.

    Which side comes first changes from turn to turn, and for the same images from pass to pass. Side 0 is A, 1 is B. A
    pass has each image equally often for both sides; `blocks_per_pass` says how many blocks that takes.
    """
    of_pass = chunks(images)
    for number in count():
        for turn, chunk in enumerate(of_pass, start=number):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                yield side, chunk


def blocks_per_pass(images: int) -> int:
    """Blocks after which both sides had every image equally often and each order came up equally often."""
    turns = len(chunks(images))
    return 2 * (turns if turns % 2 == 0 else 2 * turns)


def chunks(images: int) -> list[tuple[int, ...]]:
    """The images of each turn of a pass: near-equal runs, one or an even number so that one round is balanced."""
    turns = 1 if images <= _LONGEST_BLOCK else 2 * math.ceil(images / (2 * _LONGEST_BLOCK))
    repeats = max(1, math.ceil(_SHORTEST_BLOCK / images))
    edges = [images * number // turns for number in range(turns + 1)]
    return [tuple(range(low, high)) * repeats for low, high in pairwise(edges)]
