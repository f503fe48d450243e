"""Tallies follow the results, and ratings follow the tallies."""

from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from sql.migration import migrations
from tests.sql.database import Database
from tests.sql.test_lists import ENVIRONMENT, A, B, insert_result

RATING = {
    "model_id": A, "rating": 1010.5, "rating_low": 990, "rating_high": 1030,
    "battles": 3, "wins": 2, "losses": 0, "ties": 1, "connected_group": 0,
}  # fmt: skip


def tallies(database: Database) -> list[dict[str, Any]]:
    return database.rows("select * from public.battle_tallies order by machine, model_a, model_b", role="anon")


def test_every_result_is_counted_once(database: Database) -> None:
    for winner in (A, A, B, "tie"):
        insert_result(database, winner)
    insert_result(database, A, model_b=A)
    insert_result(database, B, environment=ENVIRONMENT | {"machine_fingerprint": "m2"})
    insert_result(database, environment={})
    assert tallies(database) == [
        {"machine": "m1", "model_a": A, "model_b": B, "wins_a": 2, "wins_b": 1, "ties": 1},
        {"machine": "m2", "model_a": A, "model_b": B, "wins_a": 0, "wins_b": 1, "ties": 0},
    ]
    machines = database.rows("select machine, results, tallied_version from public.machines order by 1", role="anon")
    assert [tuple(row.values()) for row in machines] == [("m1", 5, 5), ("m2", 1, 1)]


def test_a_pair_is_one_pair_in_either_order(database: Database) -> None:
    job_id = database.insert_job(model_a=B, model_b=A)
    insert_result(database, B, job_id=job_id, model_a_id=B, model_b_id=A)
    assert [(row["model_a"], row["wins_b"]) for row in tallies(database)] == [(A, 1)]


def test_a_deleted_job_is_counted_no_longer(database: Database) -> None:
    insert_result(database, A)
    insert_result(database, "tie")
    database.rows(
        "delete from public.jobs where id = (select job_id from public.comparison_results where winner = 'tie')"
    )
    assert [(row["wins_a"], row["ties"]) for row in tallies(database)] == [(1, 0)]
    assert database.row("select results, tallied_version from public.machines") == {"results": 1, "tallied_version": 3}


def test_results_at_once_are_all_counted(own_database: Database) -> None:
    def many() -> None:
        database = Database(own_database.uri)
        for winner in (A, B, "tie") * 5:
            insert_result(database, winner)
        database.close()

    threads = [Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(row["wins_a"], row["wins_b"], row["ties"]) for row in tallies(own_database)] == [(20, 20, 20)]


def test_what_is_stale_is_handed_out_until_it_is_rated(database: Database) -> None:
    insert_result(database, A)
    (stale,) = database.call("stale_tallies")
    assert stale == {
        "machine": "m1",
        "version": 1,
        "tallies": [{"model_a": A, "model_b": B, "wins_a": 1, "wins_b": 0, "ties": 0}],
    }
    assert database.call("put_ratings", p_machine="m1", p_version=1, p_ratings=[RATING])[0]["put_ratings"] is True
    assert database.call("stale_tallies") == []
    assert database.row("select rating, wins from public.ratings", role="anon") == {"rating": 1010.5, "wins": 2}
    insert_result(database, B)
    assert database.call("stale_tallies")[0]["version"] == 2


@pytest.mark.parametrize(("version", "why"), [(1, "older"), (2, "the same"), (9, "of results that are not there")])
def test_ratings_that_know_less_change_nothing(database: Database, version: int, why: str) -> None:
    insert_result(database, A)
    insert_result(database, B)
    database.call("put_ratings", p_machine="m1", p_version=2, p_ratings=[RATING])
    answer = database.call("put_ratings", p_machine="m1", p_version=version, p_ratings=[])
    assert answer[0]["put_ratings"] is False, why
    assert database.value("select count(*) from public.ratings") == 1


def test_ratings_of_no_machine_or_no_form_are_refused(database: Database) -> None:
    assert database.call("put_ratings", p_machine="m9", p_version=1, p_ratings=[])[0]["put_ratings"] is False
    with database.refused() as refusal:
        database.call("put_ratings", p_machine="m1", p_version=1, p_ratings={"a": 1})
    assert refusal.detail == "field=p_ratings"


def test_nobody_writes_ratings_by_hand(database: Database) -> None:
    for role in ("anon", "authenticated", "arena_agent"):
        with database.refused() as refusal:
            database.rows("delete from public.ratings", role=role)
        assert refusal.sqlstate == "42501"


def test_results_from_before_the_tallies_are_counted_by_the_migration(own_database: Database) -> None:
    insert_result(own_database, A)
    own_database.rows("drop trigger comparison_results_tally on public.comparison_results")
    own_database.rows("delete from public.battle_tallies")
    own_database.rows("delete from public.machines")

    (migration,) = [each for each in migrations() if each.name == "ratings"]
    for _ in range(2):
        own_database.connection.execute(migration.sql.encode())
    assert [row["wins_a"] for row in tallies(own_database)] == [1]


def test_a_private_arena_shows_ratings_to_who_is_signed_in(database: Database) -> None:
    insert_result(database, A)
    database.rows("update public.arena_settings set private = true")
    assert tallies(database) == []

    assert len(database.rows("select * from public.machines", role="authenticated", user=uuid4())) == 1
