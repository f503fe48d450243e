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
def storage(database: Database) -> Database:
    database.connection.execute(STORAGE.encode())
    for _ in range(2):
        for policy in (Policy.UPLOADS, Policy.ANON_UPLOADS):
            database.connection.execute(policy.sql.encode())
    return database


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


def test_the_page_learns_what_it_may(storage: Database) -> None:
    row = storage.row("select allow_uploads, allow_anon_uploads from public.arena_settings", role="anon")
    assert row == {"allow_uploads": True, "allow_anon_uploads": True}


@pytest.mark.parametrize("policy", [Policy.UPLOADS, Policy.ANON_UPLOADS])
def test_a_project_without_storage_says_so(database: Database, policy: Policy) -> None:
    with database.refused() as refusal:
        database.connection.execute(policy.sql.encode())
    assert "no Supabase Storage" in refusal.message
