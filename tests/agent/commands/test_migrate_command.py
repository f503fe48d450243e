"""``arena migrate`` as a person uses it."""

from pathlib import Path

import psycopg

from local import LocalStack
from tests.agent.test_commands import arena

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


def test_migrate_says_what_it_did_and_then_that_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(OWN)
    with LocalStack() as fresh:
        first = arena("migrate", "--database-url", fresh.database_url)
        second = arena("migrate", "--database-url", fresh.database_url)
        own: list[str | Path] = [
            "migrate",
            "--database-url",
            fresh.database_url,
            "--catalogue",
            tmp_path / "catalogue.toml",
        ]
        planned, third, fourth = arena(*own, "--dry-run"), arena(*own), arena(*own)
    assert first.stdout.startswith("To do:\n  migration 20261123090000 roles and schemas\n")
    assert "  models added: Trained_yolov5, " in first.stdout
    assert first.stdout.endswith("✓ Done.\n")
    assert second.stdout == fourth.stdout == "The database is up to date.\n"
    assert planned.stdout == "It would do:\n  models added: mine, mine@onnx\nAll of it works; nothing was changed.\n"
    assert third.stdout == "To do:\n  models added: mine, mine@onnx\n✓ Done.\n"


def test_policies_are_set_and_said() -> None:
    with LocalStack() as fresh:
        first = arena("migrate", "--database-url", fresh.database_url, "--policy", "private")
        second = arena(
            "migrate", "--database-url", fresh.database_url, "--policy", "public", "--policy", "local_images"
        )
        unknown = arena("migrate", "--database-url", fresh.database_url, "--policy", "secret")
        with psycopg.connect(fresh.database_url) as connection:
            connection.execute("drop schema storage cascade")
        missing = arena("migrate", "--database-url", fresh.database_url, "--policy", "storage", "--policy", "private")
        with psycopg.connect(fresh.database_url) as connection:
            settings = connection.execute("select private, allow_local_images from public.arena_settings").fetchall()
    assert first.stdout.endswith("  policy private\n✓ Done.\n")
    assert second.stdout == "To do:\n  policy public\n  policy local_images\n✓ Done.\n"
    assert "'secret' is not one of 'public', 'private'" in unknown.stderr
    assert "The policy storage failed; nothing was changed: This project has no Supabase Storage" in missing.stderr
    assert settings == [(False, True)]


def test_what_is_pasted_publishes_what_migrate_would(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(OWN)
    printed = arena("migrate", "--print-seed", "--catalogue", tmp_path / "catalogue.toml").stdout
    with LocalStack() as fresh:
        arena("migrate", "--database-url", fresh.database_url)
        with psycopg.connect(fresh.database_url) as connection:
            assert connection.execute(printed.encode()).fetchall() == [("mine",), ("mine@onnx",)]
        after = arena(
            "migrate", "--database-url", fresh.database_url, "--catalogue", tmp_path / "catalogue.toml", "--dry-run"
        )
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
