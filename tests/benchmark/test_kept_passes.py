import numpy as np
import pytest

from benchmark.resampling import _kept_passes


@pytest.mark.parametrize(("passes", "images"), [(1, 3), (7, 64), (2, 30_000), (40, 500)])
def test_what_can_be_drawn_from_is_kept_whole(passes: int, images: int) -> None:
    assert _kept_passes(passes, images).tolist() == list(range(passes))


@pytest.mark.parametrize(("passes", "images"), [(79, 500), (39, 1000), (10_001, 6), (100, 50_000)])
def test_of_more_there_are_evenly_spread_pairs_of_neighbours(passes: int, images: int) -> None:
    kept = _kept_passes(passes, images)
    assert len(kept) * images <= max(20_000, 6 * images)
    assert len(set(kept.tolist())) == len(kept)
    assert np.all(kept[1::2] == kept[::2] + 1)
    assert set((kept % 2).tolist()) == {0, 1}
    assert kept[0] == 0
    assert kept[-1] >= passes - 2
