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
    assert "applied" in first.stdout
    assert "models added: Trained_yolov5, " in first.stdout
    assert "up to date" in second.stdout
    assert "would be done: models added: mine, mine@onnx" in planned.stdout
    assert "✓ models added: mine, mine@onnx" in third.stdout
    assert "up to date" in fourth.stdout


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
    assert "✓ policy private" in first.stdout
    assert second.stdout == "✓ policy public\n✓ policy local_images\n"
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
