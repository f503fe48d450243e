"""A model whose process ends, however it ends, fails its comparison with its own error; the next one works."""

import pytest

from benchmark import Arena, BenchmarkError, HostDied, LabelledImage, Options, OutOfMemory


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("segfaults", HostDied, "segfaults was killed by SIGSEGV"),
        ("aborts", HostDied, "aborts was killed by SIGABRT"),
        ("exits", HostDied, "exits ended with exit code 3"),
        ("exits_at_load", HostDied, "exits_at_load ended with exit code 3"),
        ("allocates", OutOfMemory, "allocates does not fit into the memory of this machine .*DefaultCPUAllocator"),
    ],
)
def test_a_process_that_ends_fails_its_comparison_and_no_other(
    arena: Arena, scenes: list[LabelledImage], quick: Options, model: str, error: type[BenchmarkError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        arena.compare("good", model, scenes, quick)
    assert type(caught.value) is error
    assert arena.compare("good", "twin", scenes[:6], quick).model_a_metrics["accuracy"] == 1.0


def test_a_model_that_changes_its_process_is_compared_all_the_same(
    arena: Arena, scenes: list[LabelledImage], quick: Options
) -> None:
    assert arena.compare("good", "changes_its_process", scenes[:6], quick).model_b_metrics["accuracy"] == 1.0
