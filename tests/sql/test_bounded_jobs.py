"""Jobs that are short as they are sent and endless as they are written out, or that never come due."""

from typing import Any

import pytest

from tests.sql.database import IMAGES, Database

INSERT = (
    "insert into public.jobs (model_a, model_b, images, options)"
    " values ('Trained_yolov5', 'Trained_yolov8', %s::text::jsonb, %s::text::jsonb)"
)
BIG, SMALL = "1e131071", "1e-16383"


def image(count: str = "1", more: str = "") -> str:
    return f'[{{"image_path": "https://h/1.jpg", "car_count": {count}{more}}}]'


def many(value: str, times: int = 50_000) -> str:
    return "[" + ", ".join([value] * times) + "]"


BOMBS = {
    "a great count": (image(BIG), "{}", "22023"),
    "a count of 1e400": (image("1e400"), "{}", "22023"),
    "a long fraction": (image(SMALL), "{}", "22023"),
    "many for a count": (image(many(BIG)), "{}", "22023"),
    "many in a box": (image("1", f', "boxes": [{many(BIG)}]'), "{}", "22023"),
    "many boxes": (image("1", f', "boxes": {many(BIG)}'), "{}", "22023"),
    "a box of long fractions": (image("1", f', "boxes": [[0, 0, {SMALL}, 1]]'), "{}", "22023"),
    "many images": (many(BIG), "{}", "22023"),
    "an option": (image(), f'{{"confidence": {many(BIG)}}}', "22023"),
    "an option with a long fraction": (image(), f'{{"confidence": 0.5{"0" * 9_000}1}}', "22023"),
    "a switch": (image(), f'{{"cpu_fallback": {many(BIG)}}}', "22023"),
    "a deep switch": (image(), f'{{"cpu_fallback": [{many(BIG)}]}}', "22023"),
    "weights": (image(), f'{{"weights": {{"speed": {many(BIG)}}}}}', "22023"),
    "what no number holds": (image("1e200000"), "{}", "22003"),
    "what is no number": (image("NaN"), "{}", "22P02"),
    "what no text holds": (image("1", r', "description": "\u0000"'), "{}", "22P05"),
    "half a character": (image("1", r', "description": "\ud800"'), "{}", "22P02"),
    "a pit": (image("[" * 5_000 + "]" * 5_000), "{}", "22023"),
    "a pit without a floor": (image("[" * 200_000 + "]" * 200_000), "{}", "54001"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_take_gigabytes_written_out_is_refused_at_once(database: Database, name: str) -> None:
    images, options, sqlstate = BOMBS[name]
    database.rows("set local statement_timeout = '3s'")  # anon's on hosted Supabase
    with database.refused() as refusal:
        database.rows(INSERT, images, options, role="anon")
    assert refusal.sqlstate == sqlstate
    assert len(refusal.message) < 200


def test_what_is_long_as_it_is_kept_is_refused_before_it_is_looked_at(database: Database) -> None:
    with database.refused() as refusal:
        database.rows(INSERT, image(many("0", 1_000_000)), "{}", role="anon")
    assert (refusal.sqlstate, refusal.detail) == ("22023", "field=images")
    assert "kB together" in refusal.message


@pytest.mark.parametrize("box", [[0, 0, 1e-20, 5e-9], [0.1 + 0.2, 1 / 3, 2 / 3, 99_999.999_999_999]])
def test_what_programs_write_is_taken(database: Database, box: list[float]) -> None:
    images = [IMAGES[0] | {"car_count": 1, "boxes": [box]}]
    assert database.job(database.insert_job(images=images))["images"] == images


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_an_idempotency_key_has_1_to_200_characters(database: Database, key: str) -> None:
    with database.refused() as refusal:
        database.insert_job(idempotency_key=key)
    assert (refusal.sqlstate, refusal.detail) == ("22023", "field=idempotency_key")
    assert "Give 1 to 200" in refusal.hint


@pytest.mark.parametrize("run_at", ["2999-01-01", "infinity"])
def test_a_job_of_people_comes_due_within_a_month(database: Database, run_at: Any) -> None:
    with database.refused() as refusal:
        database.insert_job(run_at=run_at)
    assert (refusal.sqlstate, refusal.detail) == ("22023", "field=run_at")
    database.insert_job("service_role", run_at=run_at)


def test_the_count_of_pending_jobs_goes_by_its_index(own_database: Database) -> None:
    own_database.rows(
        "insert into public.jobs (model_a, model_b, images, created_by)"
        " select 'Trained_yolov5', 'Trained_yolov8', %s, gen_random_uuid() from generate_series(1, 2000)",
        [{"image_path": "https://h/1.jpg", "car_count": 0}],
    )
    own_database.rows("analyze public.jobs")
    for owner in ("is null", "= '00000000-0000-0000-0000-000000000001'"):
        query = f"explain select from public.jobs where status = 'pending' and created_by {owner} limit 51"
        assert "jobs_pending_by_owner" in str(own_database.rows(query))
