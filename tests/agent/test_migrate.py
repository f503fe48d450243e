"""Bringing a database up to date."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from agent import migrate as module
from agent.errors import MigrationError
from agent.migrate import Plan, migrate
from agent.model_rows import model_rows, offered_models
from local import LocalStack
from sql.migration import Migration, migrations
from sql.seed import ModelRow

OWN = """
[models.my_cars]
name = "YOLO11n of our car park"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "Trained on our own photographs."
runtimes = ["onnx", "torch"]
[models.my_cars.weights]
file = "/secret/place/cars.pt"
[models.Trained_yolov8]
name = "Our YOLOv8"
family = "ultralytics"
task = "object-detection"
can_detect_cars = true
description = "Trained by us."
runtimes = ["torch"]
"""


@pytest.fixture(scope="module")
def project() -> Iterator[LocalStack]:
    """A project that nobody has migrated."""
    with LocalStack() as stack:
        yield stack


@pytest.fixture
def database_url(project: LocalStack) -> Iterator[str]:
    """Its database, as it was at first when the test ends."""
    yield project.database_url
    _empty(project.database_url)


@retry(retry=retry_if_exception_type(psycopg.errors.DeadlockDetected), stop=stop_after_attempt(5), reraise=True)
def _empty(database_url: str) -> None:
    """Once more where the REST server is just reading the schema."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop publication if exists supabase_realtime")
        for schema in ("arena", "public", "supabase_migrations"):
            connection.execute(f"drop schema if exists {schema} cascade".encode())
        connection.execute("create schema public")


def known(database_url: str) -> list[tuple[str, str]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "select version, name from supabase_migrations.schema_migrations order by version"
        ).fetchall()


def published(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        return [str(row[0]) for row in connection.execute('select id from public.models order by id collate "C"')]


def own_models(folder: Path, text: str = OWN) -> list[ModelRow]:
    (folder / "catalogue.toml").write_text(text)
    return model_rows(offered_models(folder / "catalogue.toml"))


def test_there_are_migrations_and_they_are_in_order() -> None:
    versions = [migration.version for migration in migrations()]
    assert versions == sorted(set(versions))
    assert all(len(version) == 14 and version.isdigit() for version in versions)


def test_an_empty_project_gets_all_and_then_nothing_more(database_url: str) -> None:
    first = migrate(database_url)
    assert first == Plan(migrations(), published(database_url), [], [])
    assert known(database_url) == [(migration.version, migration.name) for migration in migrations()]
    assert migrate(database_url).is_empty


def test_only_what_is_missing_is_applied(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(database_url)
    new = Migration("20990101000000", "new", "create table public.new (id int)")
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), new])
    assert migrate(database_url) == Plan([new], [], [], [])


def test_models_of_ones_own_are_published_beside_the_built_in_ones(database_url: str, tmp_path: Path) -> None:
    migrate(database_url)
    own = own_models(tmp_path)
    assert migrate(database_url, own) == Plan([], ["my_cars", "my_cars@torch"], ["Trained_yolov8"], [])
    assert migrate(database_url, own).is_empty
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select weights, runtime, runtimes from public.models where id = 'my_cars'").fetchone()
    assert row == ("cars.pt", "onnx", ["onnx", "torch"])
    changed = own_models(tmp_path, OWN.replace("Our YOLOv8", "Our newer YOLOv8"))
    assert migrate(database_url, changed) == Plan([], [], ["Trained_yolov8"], [])


def test_a_model_that_has_left_the_catalogue_stays(database_url: str, tmp_path: Path) -> None:
    migrate(database_url)
    migrate(database_url, own_models(tmp_path))
    assert migrate(database_url) == Plan([], [], ["Trained_yolov8"], [])
    assert {"my_cars", "my_cars@torch"} <= set(published(database_url))


def test_a_dry_run_says_what_would_be_done_and_does_nothing(database_url: str, tmp_path: Path) -> None:
    fresh = migrate(database_url, dry_run=True)
    assert fresh.migrations == migrations()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select to_regclass('public.models')").fetchone() == (None,)
    assert migrate(database_url) == fresh
    planned = migrate(database_url, own_models(tmp_path), dry_run=True)
    assert planned.added == ["my_cars", "my_cars@torch"]
    assert migrate(database_url, own_models(tmp_path)) == planned


def test_models_that_fail_are_said_and_nothing_is_changed(database_url: str) -> None:
    models = model_rows(offered_models(None))
    with pytest.raises(MigrationError, match=r"Publishing the models failed; nothing was changed: .*models_id_is_a_n"):
        migrate(database_url, [*models, replace(models[-1], id="../wav2vec2")])
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select to_regclass('public.models')").fetchone() == (None,)


def test_two_at_once_share_the_work(database_url: str) -> None:
    done: list[Plan] = []
    together = threading.Barrier(3)

    def run() -> None:
        together.wait()
        done.append(migrate(database_url))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.sort(key=lambda each: len(each.migrations))
    assert [each.is_empty for each in done] == [True, True, False]
    assert (done[2].migrations, done[2].added) == (migrations(), published(database_url))


def test_a_migration_that_fails_is_named_and_nothing_is_changed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database_url)
    before = known(database_url)
    good = Migration("20990101000000", "good", "create table public.good (id int)")
    bad = Migration("20990102000000", "bad", "create table public.bad (id int);\nselect 1 from nowhere")
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), good, bad])
    with pytest.raises(MigrationError, match=r'20990102000000_bad failed; nothing was changed: .*"nowhere" does not'):
        migrate(database_url)
    assert known(database_url) == before
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select to_regclass('public.good'), to_regclass('public.bad')").fetchone() == (
            None,
            None,
        )


def test_a_database_that_is_no_supabase_project_is_said(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create database plain")
    try:
        with pytest.raises(MigrationError, match=r"_roles_and_schemas failed; .*not a Supabase project"):
            migrate(database_url.replace("/postgres?", "/plain?"))
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("drop database plain")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "postgrs://owner:hunter2@host/postgres",
        "postgresql://owner:hun@ter2@host.invalid/postgres",
        "postgresql://owner:hun/ter2@host.invalid/postgres",
        "postgresql://owner:hun%ter2@host.invalid/postgres",
    ],
)
def test_a_url_that_cannot_be_read_is_said(url: str) -> None:
    with pytest.raises(MigrationError, match=r"cannot be read\. It is like postgresql://") as raised:
        migrate(url)
    assert "hun" not in str(raised.value)
    assert "ter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["postgresql://owner:hunter2@127.0.0.1:9/postgres", "postgresql://owner:hunter2@host.invalid/postgres"]
)
def test_a_database_that_is_not_there_is_said(url: str) -> None:
    with pytest.raises(MigrationError, match="nothing was changed") as raised:
        migrate(url)
    assert "hunter2" not in str(raised.value)
