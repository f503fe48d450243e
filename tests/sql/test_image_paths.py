"""Where images may lie."""

import pytest

from tests.sql.database import Database

BOTH = {"allow_http_images", "allow_local_images"}
HTTPS = ["https://host/1.jpg", "HTTPS://host:444/a/../1.jpg?token=a&b=c@d#e", "https://[::1]/1.jpg"]
STORAGE = ["storage://bucket/1.jpg", "storage://bucket/a/b c/ü.jpg"]
HTTP = ["http://host/1.jpg", "HTTP://host"]
LOCAL = ["1.jpg", "a/b/1.jpg", "a..b.jpg", "a b/ü.jpg", "a/b:c.jpg"]
NEVER = [
    "https://bob:pw@host/1.jpg", "https://bob@host/1.jpg", "https://host@other/1.jpg", "http://a@b/1.jpg",
    "storage://bucket", "storage://bucket/", "storage:///x", "storage://bucket/../other/1.jpg", "storage://../x/1.jpg",
    "storage://bucket/./1.jpg", "storage:/bucket/1.jpg", "STORAGE://bucket/1.jpg", "storage://bucket/a/..",
    "ftp://host/1.jpg", "file:///etc/passwd", "data:image/png;base64,AA", "//host/1.jpg", "/etc/passwd", "../1.jpg",
    "a/../b.jpg", "C:\\1.jpg", "a\\b.jpg", "a\n.jpg", "", "gopher://h/_x", "https:1.jpg", "https://", "https:///1.jpg",
]  # fmt: skip


def allow(database: Database, *settings: str) -> None:
    for setting in BOTH:
        database.rows(f"update public.arena_settings set {setting} = %s", setting in settings)


def refusal_of(database: Database, path: str) -> tuple[str, str]:
    with database.refused() as refusal:
        database.insert_job(images=[{"image_path": path, "car_count": 0}])
    assert (refusal.sqlstate, refusal.detail) == ("22023", "field=images[0].image_path")
    return refusal.message, refusal.hint


@pytest.mark.parametrize("path", HTTPS + STORAGE)
def test_these_are_always_taken(database: Database, path: str) -> None:
    allow(database)
    database.insert_job(images=[{"image_path": path, "car_count": 0}])


@pytest.mark.parametrize(
    ("path", "setting"),
    [*((path, "allow_http_images") for path in HTTP), *((path, "allow_local_images") for path in LOCAL)],
)
def test_these_where_the_owner_allows_them(database: Database, path: str, setting: str) -> None:
    allow(database, *BOTH - {setting})
    message, hint = refusal_of(database, path)
    assert "this arena takes no" in message
    assert f"update arena_settings set {setting} = true" in hint
    allow(database, setting)
    database.insert_job(images=[{"image_path": path, "car_count": 0}])


@pytest.mark.parametrize("path", NEVER)
def test_these_never(database: Database, path: str) -> None:
    allow(database, *BOTH)
    message, hint = refusal_of(database, path)
    assert message.startswith("images[0].image_path is not allowed")
    assert "Give https://host/path, http://host/path, storage://bucket/path, or a relative path" in hint
    assert "arena_settings" not in hint


def test_the_hint_names_only_what_this_arena_takes(database: Database) -> None:
    allow(database)
    _, hint = refusal_of(database, "ftp://host/1.jpg")
    assert hint == "Give https://host/path or storage://bucket/path."
