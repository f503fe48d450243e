from collections.abc import Iterator

import pytest

from benchmark.measure.host import Host


@pytest.fixture
def host() -> Iterator[Host]:
    """An empty Host."""
    started = Host("test_model")
    yield started
    started.close()
