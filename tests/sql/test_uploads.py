"""Who may put images into Storage: by plain SQL, against tables of the shape that Storage has."""

from uuid import UUID

import pytest

from sql.policy import Policy
from tests.sql.database import Database

STORAGE = """
    create schema storage;
    create table storage.buckets (
      id text primary key, name text not null, public boolean, file_size_limit bigint, allowed_mime_types text[]);
    create table storage.objects (id int generated always as identity, bucket_id text, name text);
    alter table storage.buckets enable row level security;
    alter table storage.objects enable row level security;
    grant usage on schema storage to anon, authenticated;
    grant all on storage.objects, storage.buckets to anon, authenticated;
"""
ANN, BOB = UUID(int=1), UUID(int=2)


@pytest.fixture
def bare_storage(database: Database) -> Database:
    """Storage as it is before any policy."""
    database.connection.execute(STORAGE.encode())
    return database


@pytest.fixture
def storage(bare_storage: Database) -> Database:
    for _ in range(2):
        apply(bare_storage, Policy.UPLOADS, Policy.ANON_UPLOADS)
    return bare_storage


def apply(database: Database, *policies: Policy) -> None:
    for policy in policies:
        database.connection.execute(policy.sql.encode())


def upload(database: Database, path: str, bucket: str = "arena-images", **who: object) -> None:
    query = "insert into storage.objects (bucket_id, name) values (%s, %s)"
    database.rows(query, bucket, path, **who)  # type: ignore[arg-type]


def seen(database: Database, **who: object) -> set[str]:
    return {row["name"] for row in database.rows("select name from storage.objects", **who)}  # type: ignore[arg-type]


def test_each_has_a_folder_and_what_is_nobodys_is_everybodys(storage: Database) -> None:
    upload(storage, f"{ANN}/1.jpg", role="authenticated", user=ANN)
    upload(storage, f"{BOB}/1.jpg", role="authenticated", user=BOB)
    upload(storage, "anon/1.jpg", role="anon")
    assert seen(storage, role="authenticated", user=ANN) == {f"{ANN}/1.jpg", "anon/1.jpg"}
    assert seen(storage, role="anon") == {"anon/1.jpg"}


@pytest.mark.parametrize(
    ("path", "bucket"),
    [(f"{BOB}/1.jpg", "arena-images"), ("1.jpg", "arena-images"), (f"{ANN}/1.jpg", "other"), ("", "arena-images")],
)
def test_nobody_uploads_elsewhere(storage: Database, path: str, bucket: str) -> None:
    for who in ({"role": "authenticated", "user": ANN}, {"role": "anon"}):
        with storage.refused() as refusal:
            upload(storage, path, bucket, **who)
        assert refusal.sqlstate == "42501"


def test_the_bucket_is_private_and_takes_images_of_20_mb(storage: Database) -> None:
    bucket = storage.row("select * from storage.buckets")
    assert (bucket["id"], bucket["public"], bucket["file_size_limit"]) == ("arena-images", False, 20_000_000)
    assert "image/jpeg" in bucket["allowed_mime_types"]


@pytest.mark.parametrize(("limit", "after"), [(None, 20_000_000), (50_000_000, 20_000_000), (1_000_000, 1_000_000)])
def test_a_bucket_that_is_there_gets_the_limits(bare_storage: Database, limit: int | None, after: int) -> None:
    bare_storage.rows(
        "insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)"
        " values ('arena-images', 'arena-images', false, %s, null)",
        limit,
    )
    apply(bare_storage, Policy.UPLOADS)
    bucket = bare_storage.row("select * from storage.buckets")
    assert (bucket["public"], bucket["file_size_limit"]) == (False, after)
    assert "image/jpeg" in bucket["allowed_mime_types"]


def test_a_public_bucket_is_refused(bare_storage: Database) -> None:
    bare_storage.rows("insert into storage.buckets (id, name, public) values ('arena-images', 'arena-images', true)")
    with bare_storage.refused() as refusal:
        apply(bare_storage, Policy.UPLOADS)
    assert "public" in refusal.message
    assert "Make it private" in refusal.hint


def test_strangers_need_a_bucket_that_was_seen_to(bare_storage: Database) -> None:
    with bare_storage.refused() as refusal:
        apply(bare_storage, Policy.ANON_UPLOADS)
    assert "--policy uploads" in refusal.hint


def test_a_private_arena_has_nothing_for_strangers(storage: Database) -> None:
    upload(storage, "anon/1.jpg", role="anon")
    apply(storage, Policy.PRIVATE)
    assert seen(storage, role="anon") == set()
    with storage.refused() as refusal:
        upload(storage, "anon/2.jpg", role="anon")
    assert refusal.sqlstate == "42501"
    upload(storage, f"{ANN}/1.jpg", role="authenticated", user=ANN)
    assert seen(storage, role="authenticated", user=ANN) == {f"{ANN}/1.jpg", "anon/1.jpg"}


def test_uploads_can_be_turned_off(storage: Database) -> None:
    upload(storage, f"{ANN}/1.jpg", role="authenticated", user=ANN)
    for _ in range(2):
        apply(storage, Policy.NO_UPLOADS)
    for path, who in ((f"{ANN}/2.jpg", {"role": "authenticated", "user": ANN}), ("anon/1.jpg", {"role": "anon"})):
        with storage.refused() as refusal:
            upload(storage, path, **who)
        assert refusal.sqlstate == "42501"
        assert seen(storage, **who) == set()
    assert set(storage.row("select allow_uploads, allow_anon_uploads from public.arena_settings").values()) == {False}


def test_a_project_without_storage_has_no_uploads(database: Database) -> None:
    apply(database, Policy.NO_UPLOADS)


def test_the_page_learns_what_it_may(storage: Database) -> None:
    row = storage.row("select allow_uploads, allow_anon_uploads from public.arena_settings", role="anon")
    assert row == {"allow_uploads": True, "allow_anon_uploads": True}


@pytest.mark.parametrize("policy", [Policy.UPLOADS, Policy.ANON_UPLOADS])
def test_a_project_without_storage_says_so(database: Database, policy: Policy) -> None:
    with database.refused() as refusal:
        database.connection.execute(policy.sql.encode())
    assert "no Supabase Storage" in refusal.message
