"""Links within the documents lead to files and headings that there are."""

from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, anchors, links, name_of


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_its_links_lead_somewhere(document: Path) -> None:
    assert [link for link in links(document) if not leads_somewhere(document, link)] == []


def leads_somewhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))


def test_links_that_lead_nowhere_would_be_noticed() -> None:
    readme = ROOT / "README.md"
    assert leads_somewhere(readme, "docs/models.md#add-a-family")
    assert leads_somewhere(readme, "#try-it")
    assert not leads_somewhere(readme, "docs/models.md#add-a-zoo")
    assert not leads_somewhere(readme, "docs/modles.md")
    assert not leads_somewhere(readme, "../elsewhere.md")


def test_headings_become_anchors_as_on_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page, of `code`\n\n## Twice\n\n## Twice\n\n### `benchmark/`\n\n```sh\n# needs nothing\n```\n")
    assert anchors(page) == {"a-page-of-code", "twice", "twice-1", "benchmark"}


def test_every_page_is_listed_and_every_list_is_linked_to() -> None:
    listed = set(links(ROOT / "docs" / "README.md"))
    pages = {each.name for each in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= listed
    assert "docs/README.md" in links(ROOT / "README.md")
