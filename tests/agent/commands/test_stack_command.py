"""``arena stack`` as a person starts it."""

from functools import partial
from pathlib import Path

import pytest

import local
from agent.commands.stack import invitation, stack
from local import Page


def test_a_page_that_is_built_is_to_be_opened(tmp_path: Path) -> None:
    (tmp_path / "index.html").touch()
    assert (
        invitation(Page(tmp_path), "http://127.0.0.1:1", "to use it") == "Open [bold]http://127.0.0.1:1[/] to use it."
    )


def test_a_page_that_is_not_built_is_not_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in an installed wheel."""
    monkeypatch.setattr(local, "Page", partial(Page, tmp_path))
    monkeypatch.setattr("agent.commands.stack.wait_for_signal", lambda: None)
    stack()
    said = " ".join(capsys.readouterr().out.split())
    assert "Open http" not in said
    assert "has no page: it is not built here. A checkout of the project builds it (`make dashboard`)." in said
    assert "SUPABASE_URL=http://127.0.0.1:" in said
