"""How much is taken of whom."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.database import IMAGES, Database
from tests.sql.meeting import meet, more_connections, told

MANY = (
    "insert into public.jobs (model_a, model_b, images)"
    " select 'Trained_yolov5', 'Trained_yolov8', %s from generate_series(1, {}) returning id"
)


def set_to(database: Database, **settings: object) -> None:
    changes = ", ".join(f"{name} = %s" for name in settings)
    database.rows(f"update public.arena_settings set {changes}", *settings.values())


def insert_many(database: Database, count: int, role: str, user: UUID | None = None) -> list[object]:
    return [row["id"] for row in database.rows(MANY.format(count), IMAGES, role=role, user=user)]


def test_a_user_has_so_many_pending_jobs_and_no_more(database: Database) -> None:
    set_to(database, max_pending_per_user=3)
    ann = uuid4()
    insert_many(database, 3, "authenticated", ann)
    with database.refused() as refusal:
        database.insert_job("authenticated", ann)
    assert (refusal.sqlstate, refusal.detail) == ("PT429", "field=max_pending_per_user")
    assert refusal.message == "More than 3 pending jobs of one user are not taken."
    assert "cancel some" in refusal.hint
    assert "raise max_pending_per_user in arena_settings" in refusal.hint
    database.insert_job("authenticated", uuid4())
    database.insert_job("anon")


def test_all_who_are_not_signed_in_share_a_quota(database: Database) -> None:
    set_to(database, max_pending_anon=2)
    insert_many(database, 2, "anon")
    with database.refused() as refusal:
        database.insert_job("anon")
    assert (refusal.sqlstate, refusal.detail) == ("PT429", "field=max_pending_anon")
    assert "or sign in" in refusal.hint
    database.insert_job("authenticated", uuid4())


@pytest.mark.parametrize(("role", "user"), [("anon", None), ("authenticated", uuid4())])
def test_jobs_of_one_statement_count_together(database: Database, role: str, user: UUID | None) -> None:
    set_to(database, max_pending_per_user=4, max_pending_anon=4)
    with database.refused() as refusal:
        insert_many(database, 5, role, user)
    assert refusal.sqlstate == "PT429"
    assert database.value("select count(*) from public.jobs") == 0
    assert len(insert_many(database, 4, role, user)) == 4


def test_only_pending_jobs_count(database: Database) -> None:
    set_to(database, max_pending_per_user=1)
    ann = uuid4()
    database.held_job(role="authenticated", user=ann).complete()
    database.insert_job("authenticated", ann)
    database.claimed()
    database.insert_job("authenticated", ann)


def test_a_retry_counts_too(database: Database) -> None:
    set_to(database, max_pending_per_user=1)
    ann = uuid4()
    held = database.held_job(role="authenticated", user=ann)
    held.fail()
    database.insert_job("authenticated", ann)
    with database.refused() as refusal:
        database.answer("retry_job", "authenticated", ann, p_job_id=held.job_id)
    assert refusal.sqlstate == "PT429"
    assert database.job(held.job_id)["status"] == "failed"
    assert database.retry(held.job_id) == "pending", "the service may"


def test_the_service_has_no_quota(database: Database) -> None:
    set_to(database, max_pending_per_user=0, max_pending_anon=0)
    database.insert_job("service_role")
    database.insert_job("service_role", created_by=uuid4())


@pytest.mark.parametrize(("role", "user"), [("anon", None), ("authenticated", uuid4())])
def test_inserts_at_once_do_not_get_past_it(own_database: Database, role: str, user: UUID | None) -> None:
    set_to(own_database, max_pending_per_user=5, max_pending_anon=5)

    refusals: set[str | None] = set()

    def insert(connection: Database) -> int:
        taken = 0
        for _ in range(4):
            try:
                connection.insert_job(role, user)
                taken += 1
            except psycopg.Error as error:
                refusals.add(error.sqlstate)
        return taken

    with more_connections(own_database, 8) as connections, ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(insert, connections)) == 5
    assert refusals == {"PT429"}
    assert own_database.value("select count(*) from public.jobs") == 5


@pytest.mark.parametrize(("role", "user"), [("anon", None), ("authenticated", uuid4())])
def test_the_second_of_two_inserts_waits_for_the_first(own_database: Database, role: str, user: UUID | None) -> None:
    set_to(own_database, max_pending_per_user=1, max_pending_anon=1)
    with more_connections(own_database, 1) as (other,):
        insert = partial(own_database.insert_job, role, user)
        _, second = meet(own_database, insert, other, lambda: told(lambda: other.insert_job(role, user)))
    assert second == "PT429"


def test_two_users_do_not_wait_for_each_other(own_database: Database) -> None:
    with more_connections(own_database, 1) as (other,), own_database.connection.transaction():
        own_database.insert_job("authenticated", uuid4())
        other.rows("set statement_timeout = '5s'")
        other.insert_job("authenticated", uuid4())


def test_a_job_has_so_many_images(database: Database) -> None:
    set_to(database, max_images_per_job=2)
    with database.refused() as refusal:
        database.insert_job(images=[IMAGES[1]] * 3)
    assert (refusal.sqlstate, refusal.message) == ("22023", "images holds 3 images.")
    assert "1 to 2" in refusal.hint


def test_a_job_has_so_many_kilobytes(database: Database) -> None:
    set_to(database, max_payload_kb=2)
    images = [{"image_path": "https://h/" + "x" * 200, "car_count": 0}] * 10
    with database.refused() as refusal:
        database.insert_job(images=images)
    assert (refusal.sqlstate, refusal.message) == ("22023", "images and options take 3 kB together.")
    assert "max_payload_kb" in refusal.hint
    database.insert_job(images=images[:5])


def test_a_description_has_so_many_characters(database: Database) -> None:
    database.insert_job(images=[IMAGES[1] | {"description": "ü" * 2000}])
    with database.refused() as refusal:
        database.insert_job(images=[IMAGES[1] | {"description": "ü" * 2001}])
    assert "has 2001 characters" in refusal.message


@pytest.mark.parametrize(
    ("setting", "value"),
    [("max_pending_anon", -1), ("max_images_per_job", 0), ("max_images_per_job", 2001), ("max_payload_kb", 0)],
)
def test_a_setting_that_makes_no_sense_is_refused(database: Database, setting: str, value: int) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), database.connection.transaction():
        database.rows(f"update public.arena_settings set {setting} = %s", value)


def test_there_is_one_row_of_settings(database: Database) -> None:
    for row in ("default values", "(only_row) values (false)"):
        with pytest.raises(psycopg.errors.IntegrityError), database.connection.transaction():
            database.rows(f"insert into public.arena_settings {row}")
