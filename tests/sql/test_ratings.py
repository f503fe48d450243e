"""Tallies follow the results, and ratings follow the tallies."""

from functools import partial
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from sql.migration import migrations
from tests.sql.database import Database
from tests.sql.meeting import all_at_once, meet, more_connections
from tests.sql.test_lists import ENVIRONMENT, A, B, insert_result

RATING = {
    "model_id": A, "rating": 1010.5, "rating_low": 990, "rating_high": 1030,
    "battles": 3, "wins": 2, "losses": 0, "ties": 1, "connected_group": 0,
}  # fmt: skip


def on(machine: str) -> dict[str, Any]:
    """The environment of a result from that hardware."""
    return ENVIRONMENT | {"hardware_fingerprint": machine}


def tallies(database: Database) -> list[dict[str, Any]]:
    return database.rows("select * from public.battle_tallies order by machine, model_a, model_b", role="anon")


def version(database: Database, machine: str = "m1") -> int:
    """Of its tallies."""
    return int(database.value("select tallied_version from public.machines where machine = %s", machine))


def test_every_result_is_counted_once(database: Database) -> None:
    for winner in (A, A, B, "tie"):
        insert_result(database, winner)
    insert_result(database, A, model_b=A)
    insert_result(database, B, environment=on("m2"))
    insert_result(database, environment={})
    assert tallies(database) == [
        {"machine": "m1", "model_a": A, "model_b": B, "wins_a": 2, "wins_b": 1, "ties": 1},
        {"machine": "m2", "model_a": A, "model_b": B, "wins_a": 0, "wins_b": 1, "ties": 0},
    ]
    machines = database.rows("select machine, results from public.machines order by 1", role="anon")
    assert [tuple(row.values()) for row in machines] == [("m1", 5), ("m2", 1)]


def test_a_pair_is_one_pair_in_either_order(database: Database) -> None:
    job_id = database.insert_job(model_a=B, model_b=A)
    insert_result(database, B, job_id=job_id, model_a_id=B, model_b_id=A)
    assert [(row["model_a"], row["wins_b"]) for row in tallies(database)] == [(A, 1)]


def test_a_deleted_job_is_counted_no_longer(database: Database) -> None:
    insert_result(database, A)
    insert_result(database, "tie")
    before = version(database)
    database.rows(
        "delete from public.jobs where id = (select job_id from public.comparison_results where winner = 'tie')"
    )
    assert [(row["wins_a"], row["ties"]) for row in tallies(database)] == [(1, 0)]
    assert database.value("select results from public.machines") == 1
    assert version(database) > before


def test_many_results_that_go_at_once_are_counted_in_one_go(database: Database) -> None:
    for winner in (A, B, "tie"):
        insert_result(database, winner)
        insert_result(database, winner, environment=on("m2"))
    before = version(database)
    database.rows(
        "delete from public.jobs where id in (select job_id from public.comparison_results where winner = %s)", A
    )
    assert [(row["wins_a"], row["wins_b"], row["ties"]) for row in tallies(database)] == [(0, 1, 1)] * 2
    assert version(database) == before + 1


def test_what_has_no_result_left_is_gone_and_its_models_can_go(database: Database) -> None:
    insert_result(database, A)
    insert_result(database, "tie", model_b=A)
    insert_result(database, B, environment=on("m2"))
    database.call("put_ratings", p_machine="m1", p_version=version(database), p_ratings=[RATING])
    database.rows("delete from public.jobs where model_b = %s", B)
    assert tallies(database) == []
    assert database.rows("select machine, results from public.machines") == [{"machine": "m1", "results": 1}]
    assert database.value("select count(*) from public.ratings") == 1, "until the machine is rated again"
    database.rows("delete from public.jobs")
    database.rows("delete from public.models where %s in (id, base_id)", A)
    for table in ("machines", "battle_tallies", "ratings"):
        assert database.value(f"select count(*) from public.{table}") == 0


def test_hardware_that_comes_back_is_not_taken_for_what_it_was(database: Database) -> None:
    insert_result(database, A)
    (early,) = database.call("stale_tallies")
    database.rows("delete from public.jobs")
    insert_result(database, B)
    args = {"p_machine": "m1", "p_version": early["version"], "p_ratings": [RATING]}
    database.call("put_ratings", **args)
    assert [row["machine"] for row in database.call("stale_tallies")] == ["m1"]


def test_a_result_that_is_changed_is_counted_as_it_is_now(database: Database) -> None:
    for _ in range(2):
        insert_result(database, A)
    insert_result(database, A, environment=on("m2"))
    database.rows("update public.comparison_results set winner = 'tie' where machine = 'm2'", role="service_role")
    assert [(row["machine"], row["wins_a"], row["ties"]) for row in tallies(database)] == [("m1", 2, 0), ("m2", 0, 1)]
    database.rows("update public.comparison_results set environment = %s", on("m3"), role="service_role")
    assert [(row["machine"], row["wins_a"], row["ties"]) for row in tallies(database)] == [("m3", 2, 1)]
    database.rows("update public.comparison_results set environment = '{}'", role="service_role")
    assert database.rows("select * from public.machines") == []


def test_no_count_is_ever_below_nothing(database: Database) -> None:
    """However the tallies came to be wrong, a result can be deleted."""
    insert_result(database, A)
    insert_result(database, B)
    database.rows("update public.battle_tallies set wins_a = 0")
    database.rows("delete from public.comparison_results where winner = %s", A)
    insert_result(database, "tie")
    assert [(row["wins_a"], row["wins_b"], row["ties"]) for row in tallies(database)] == [(0, 1, 1)]


def test_results_of_several_machines_go_at_once_in_whichever_order(own_database: Database) -> None:
    there, back = uuid4(), uuid4()
    for agent_id, step in ((there, 1), (back, -1)):
        for machine in range(8)[::step]:
            for _ in range(20):
                insert_result(own_database, agent_id=agent_id, environment=on(f"m{machine}"))
    query = "delete from public.comparison_results where agent_id = %s"
    with more_connections(own_database, 2) as connections:
        all_at_once([partial(each.rows, query, who) for each, who in zip(connections, (there, back), strict=True)])
    assert own_database.rows("select * from public.machines") == []


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


def put(database: Database, version: int, *ratings: dict[str, Any]) -> bool:
    """Whether the ratings were taken."""
    return bool(
        database.call("put_ratings", p_machine="m1", p_version=version, p_ratings=list(ratings))[0]["put_ratings"]
    )


def test_what_is_stale_is_handed_out_until_it_is_rated(database: Database) -> None:
    insert_result(database, A)
    (stale,) = database.call("stale_tallies")
    assert stale == {
        "machine": "m1",
        "version": version(database),
        "tallies": [{"model_a": A, "model_b": B, "wins_a": 1, "wins_b": 0, "ties": 0}],
    }
    assert put(database, stale["version"], RATING)
    assert database.call("stale_tallies") == []
    assert database.row("select rating, wins from public.ratings", role="anon") == {"rating": 1010.5, "wins": 2}
    insert_result(database, B)
    assert database.call("stale_tallies")[0]["version"] == stale["version"] + 1


@pytest.mark.parametrize(("later", "why"), [(-1, "older"), (0, "the same"), (7, "of results that are not there")])
def test_ratings_that_know_less_change_nothing(database: Database, later: int, why: str) -> None:
    insert_result(database, A)
    insert_result(database, B)
    newest = version(database)
    assert put(database, newest, RATING)
    assert not put(database, newest + later), why
    assert database.value("select count(*) from public.ratings") == 1


def test_an_agent_is_not_held_up_by_ratings(own_database: Database) -> None:
    """Where somebody else is at the machine's tallies, they are left for the next time."""
    insert_result(own_database, A)
    newest = version(own_database)
    with more_connections(own_database, 1) as (other,):
        _, taken = meet(own_database, partial(insert_result, own_database, B), other, partial(put, other, newest))
        assert taken is True, "a moment is waited for"
        other.rows("set lock_timeout = '20 s'")  # or this would wait for itself
        with own_database.connection.transaction():
            insert_result(own_database, B)
            assert put(other, newest + 1) is False


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
    forget_tallies(own_database)

    (migration,) = [each for each in migrations() if each.name == "ratings"]
    for _ in range(2):
        own_database.connection.execute(migration.sql.encode())
    assert [row["wins_a"] for row in tallies(own_database)] == [1]


def test_a_result_that_comes_as_the_migration_counts_is_counted(own_database: Database) -> None:
    """Though its statements are applied one by one."""
    forget_tallies(own_database)
    (migration,) = [each for each in migrations() if each.name == "ratings"]
    with more_connections(own_database, 1) as (other,):
        apply = partial(other.connection.execute, migration.sql.encode())
        meet(own_database, partial(insert_result, own_database, A), other, apply)
    assert [row["wins_a"] for row in tallies(own_database)] == [1]


def forget_tallies(database: Database) -> None:
    for trigger in ("come", "gone", "changed"):
        database.rows(f"drop trigger comparison_results_tally_{trigger} on public.comparison_results")
    database.rows("delete from public.machines")


def test_a_private_arena_shows_ratings_to_who_is_signed_in(database: Database) -> None:
    insert_result(database, A)
    database.rows("update public.arena_settings set private = true")
    assert tallies(database) == []

    assert len(database.rows("select * from public.machines", role="authenticated", user=uuid4())) == 1
