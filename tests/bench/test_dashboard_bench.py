"""The dashboard's bench runs; what it measures is for people to look at."""

import pytest
from playwright.sync_api import Browser
from rich.table import Table

from local import LocalStack
from tests.bench.dashboard.__main__ import measure
from tests.dashboard.conftest import chromium, site

__all__ = ["chromium", "site"]


@pytest.mark.long
def test_it_measures(site: LocalStack, chromium: Browser) -> None:  # pytest's way to share a fixture
    tables: list[Table] = []
    measure(site, chromium, rounds=2, visits=2, show=tables.append)
    (table,) = tables
    medians = list(table.columns[1].cells)
    assert len(medians) == 4
    assert all(0 < int(str(each)) < 30_000 for each in medians)
