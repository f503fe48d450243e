"""``arena migrate`` as a person uses it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agent.migrate import migrate
from tests.agent.test_commands import arena
from tests.agent.test_migrate import database_url, project

__all__ = ["database_url", "project"]  # fixtures

OWN = """
[models.mine]
name = "mine"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "My own."
runtimes = ["torch", "onnx"]
[models.mine.weights]
file = "mine.pt"
"""


def test_migrate_says_what_it_did_and_then_that_there_is_nothing_to_do(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(OWN)
    first = arena("migrate", "--database-url", database_url)
    second = arena("migrate", "--database-url", database_url)
    own = ["migrate", "--database-url", database_url, "--catalogue", str(tmp_path / "catalogue.toml")]
    planned, third, fourth = arena(*own, "--dry-run"), arena(*own), arena(*own)
    assert first.stdout.startswith("To do:\n  migration 20261123090000 roles and schemas\n")
    assert "  models added: Trained_yolov5, " in first.stdout
    assert first.stdout.endswith("✓ Done.\n")
    assert second.stdout == fourth.stdout == "The database is up to date.\n"
    assert planned.stdout == "It would do:\n  models added: mine, mine@onnx\nAll of it works; nothing was changed.\n"
    assert third.stdout == "To do:\n  models added: mine, mine@onnx\n✓ Done.\n"


@pytest.fixture
def no_storage(database_url: str) -> Iterator[None]:
    """A project without Storage, which is back when the test ends."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("alter schema storage rename to storage_away")
        yield
        connection.execute("alter schema storage_away rename to storage")


@pytest.mark.usefixtures("no_storage")
def test_policies_are_set_and_said(database_url: str) -> None:
    command = ("migrate", "--database-url", database_url)
    first = arena(*command, "--policy", "private")
    second = arena(*command, "--policy", "public", "--policy", "local_images")
    unknown = arena(*command, "--policy", "secret")
    missing = arena(*command, "--policy", "storage", "--policy", "private")
    with psycopg.connect(database_url) as connection:
        settings = connection.execute("select private, allow_local_images from public.arena_settings").fetchall()
    assert first.stdout.endswith("  policy private\n✓ Done.\n")
    assert second.stdout == "To do:\n  policy public\n  policy local_images\n✓ Done.\n"
    assert "'secret' is not one of 'public', 'private'" in unknown.stderr
    assert "The policy storage failed; nothing was changed: This project has no Supabase Storage" in missing.stderr
    assert settings == [(False, True)]


def test_what_is_pasted_publishes_what_migrate_would(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(OWN)
    printed = arena("migrate", "--print-seed", "--catalogue", tmp_path / "catalogue.toml").stdout
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute(printed.encode()).fetchall() == [("mine",), ("mine@onnx",)]
    after = arena("migrate", "--database-url", database_url, "--catalogue", tmp_path / "catalogue.toml", "--dry-run")
    assert "up to date" in after.stdout


def test_a_catalogue_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(OWN.replace("ultralytics", "nobody"))
    shown = arena("migrate", "--print-seed", ARENA_CATALOGUE=str(tmp_path / "catalogue.toml"))
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "models.mine: there is no family 'nobody'" in shown.stderr


def test_the_catalogue_named_in_env_is_published(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(OWN)
    (tmp_path / ".env").write_text("ARENA_CATALOGUE=catalogue.toml\n")
    assert "('mine@onnx', 'mine', 'mine (onnx)'" in arena("migrate", "--print-seed", cwd=tmp_path).stdout
