"""Damaged images end as an image or as an error; `python -m tests.bench.decoding` shows thousands."""

from pathlib import Path

from tests.bench.decoding.mutations import mutated
from tests.bench.decoding.sweep import sweep


def test_hundreds_of_damaged_images_cost_nothing_but_themselves(tmp_path: Path) -> None:
    seen = sweep(mutated(400, seed=7), tmp_path)
    assert seen.ends.total() == 400
    assert seen.ends["an image"] > 20
    assert seen.ends["an image"] < 380
    assert not any("longer than" in end for end in seen.ends)
    assert seen.longest_s < 5
    assert seen.peak_mb < 1500
    assert seen.deaths <= 4, "one is what it is there for; many would be a fault of ours"


def test_the_same_seed_damages_in_the_same_way() -> None:
    assert list(mutated(5, seed=3)) == list(mutated(5, seed=3)) != list(mutated(5, seed=4))
