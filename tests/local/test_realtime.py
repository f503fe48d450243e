"""Changes delivered over Realtime to supabase-py."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from realtime import RealtimeSubscribeStates

from local import LocalStack
from tests.local.conftest import Connection
from tests.local.listener import Listener, joined, listening

Scenario = Callable[[Listener], Awaitable[None]]


def hear(stack: LocalStack, scenario: Scenario, **binding: Any) -> None:
    """Runs the scenario with a listener that gets changes."""

    async def run() -> None:
        async with listening(stack, **binding) as listener:
            await scenario(listener)

    asyncio.run(run())


def test_an_insert_arrives_whole(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute("insert into things (mark, amount) values (%s, 2)", [mark])
        data = await listener.next()
        assert (data["type"], data["schema"], data["table"], data["errors"]) == ("INSERT", "public", "things", None)
        assert (data["record"]["mark"], data["record"]["amount"], data["record"]["done"]) == (mark, 2, None)
        assert data["columns"][:2] == [{"name": "id", "type": "int8"}, {"name": "mark", "type": "text"}]
        assert "old_record" not in data
        assert data["commit_timestamp"].endswith("Z")

    hear(bare_stack, scenario, event="INSERT", schema="public", table="things", filter=f"mark=eq.{mark}")


def test_an_update_carries_the_new_row_and_the_old_key(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    row = _insert_thing(database, mark)

    async def scenario(listener: Listener) -> None:
        database.execute("update things set amount = 7 where id = %s", [row])
        data = await listener.next()
        assert data["type"] == "UPDATE"
        assert (data["record"]["amount"], data["old_record"]) == (7, {"id": row})

    hear(bare_stack, scenario, event="UPDATE", schema="public", table="things", filter=f"mark=eq.{mark}")


def test_a_delete_carries_the_old_key(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    row = _insert_thing(database, mark)

    async def scenario(listener: Listener) -> None:
        database.execute("delete from things where id = %s", [row])
        data = await listener.next()
        assert (data["type"], data["old_record"]) == ("DELETE", {"id": row})
        assert "record" not in data

    hear(bare_stack, scenario, event="DELETE", schema="public", table="things", filter=f"id=eq.{row}")


def test_a_delete_passes_no_filter_on_a_column_it_does_not_carry(
    bare_stack: LocalStack, database: Connection, mark: str
) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute("delete from things where id = %s", [_insert_thing(database, mark)])
        _insert_thing(database, mark)
        assert [(await listener.next())["type"] for _ in range(2)] == ["INSERT", "INSERT"]

    hear(bare_stack, scenario, schema="public", table="things", filter=f"mark=eq.{mark}")


def test_full_identity_brings_the_whole_old_row(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute("insert into full_identity values (1, %s, 1, repeat('x', 10000))", [mark])
        database.execute("update full_identity set amount = 2 where mark = %s", [mark])
        database.execute("delete from full_identity where mark = %s", [mark])
        inserted, updated, deleted = [await listener.next() for _ in range(3)]
        assert inserted["record"]["amount"] == 1
        assert (updated["record"]["amount"], updated["old_record"]["amount"]) == (2, 1)
        assert len(updated["record"]["big"]) == 10000
        assert deleted["old_record"]["mark"] == mark

    hear(bare_stack, scenario, schema="public", table="full_identity")


def test_changes_arrive_in_the_order_of_their_commits(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    async def scenario(listener: Listener) -> None:
        for number in range(50):
            database.execute("insert into things (mark, amount) values (%s, %s)", [mark, number])
        assert [(await listener.next())["record"]["amount"] for _ in range(50)] == list(range(50))

    hear(bare_stack, scenario, event="INSERT", schema="public", table="things", filter=f"mark=eq.{mark}")


def test_values_have_their_json_types(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute(
            """insert into things (mark, amount, happened_at, done, token, tags, details, feeling, code) values
            (%s, 12.50, '2026-01-02 03:04:05.6+02', true, '11111111-2222-3333-4444-555555555555',
             '{a,"b c"}', '{"a": [1, null]}', 'happy', 'ab')""",
            [mark],
        )
        record = (await listener.next())["record"]
        del record["id"], record["mark"], record["big"]
        assert record == {
            "amount": 12.5,
            "happened_at": "2026-01-02T01:04:05.6+00:00",
            "done": True,
            "token": "11111111-2222-3333-4444-555555555555",
            "tags": ["a", "b c"],
            "details": {"a": [1, None]},
            "feeling": "happy",
            "code": "ab  ",
        }

    hear(bare_stack, scenario, event="INSERT", schema="public", table="things", filter=f"mark=eq.{mark}")


@pytest.mark.parametrize(
    ("column", "condition", "passing", "stopped"),
    [
        ("amount", "eq.10", "10.0", "9"),
        ("amount", "neq.10", "9", "10.0"),
        ("amount", "gt.9", "10", "9"),
        ("amount", "gte.10", "10", "9"),
        ("amount", "lt.10", "9", "10"),
        ("amount", "lte.9", "9", "10"),
        ("amount", "in.(9,10)", "10", "11"),
        ("happened_at", "gt.2026-01-01T12:00:00+02:00", "2026-01-01 10:30+00", "2026-01-01 09:30+00"),
        ("done", "eq.true", "t", "f"),
        ("token", "eq.AAAAAAAA-0000-0000-0000-000000000000", "aaaaaaaa-0000-0000-0000-000000000000", None),
        ("feeling", "gt.sad", "happy", "sad"),
        ("code", "eq.ab", "ab", "abc"),
        ("big", "eq.a.b=c", "a.b=c", "a"),
        ("big", 'in.(one,"two, three")', "two, three", "two"),
    ],
)
def test_filters_compare_by_the_columns_type(
    bare_stack: LocalStack,
    database: Connection,
    mark: str,
    column: str,
    condition: str,
    passing: str,
    stopped: str | None,
) -> None:
    async def scenario(listener: Listener) -> None:
        for value in (stopped, passing):
            database.execute(f"insert into things (mark, {column}) values (%s, %s)", [mark, value])
        # Order is kept: had the first row passed, it would be the first to arrive.
        while (data := await listener.next())["record"]["mark"] != mark:
            pass
        shown = database.execute("select max(id) as id from things where mark = %s", [mark]).fetchone()
        assert shown is not None
        assert data["record"]["id"] == shown["id"]

    hear(bare_stack, scenario, event="INSERT", schema="public", table="things", filter=f"{column}={condition}")


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        ("amount=about.3", "is not column=operator.value"),
        ("amount", "is not column=operator.value"),
        ("amount=in.3", "needs parentheses"),
        ("amount=eq.many", "invalid input syntax for type numeric"),
        ("absent=eq.1", "invalid column for filter absent"),
        (f"amount=in.({','.join(map(str, range(101)))})", "Maximum 100"),
        ("details=gt.{}x", "invalid input syntax for type json"),
    ],
)
def test_a_filter_that_makes_no_sense_is_reported(bare_stack: LocalStack, condition: str, complaint: str) -> None:
    async def run() -> None:
        async with joined(bare_stack, schema="public", table="things", filter=condition) as listener:
            assert complaint in await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)

    asyncio.run(run())


def test_a_change_over_one_mebibyte_keeps_its_short_values_only(
    bare_stack: LocalStack, database: Connection, mark: str
) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute("insert into things (mark, big) values (%s, repeat('x', 1100000))", [mark])
        data = await listener.next()
        assert data["errors"] == ["Error 413: Payload Too Large"]
        assert data["record"]["mark"] == mark
        assert "big" not in data["record"]

    hear(bare_stack, scenario, event="INSERT", schema="public", table="things", filter=f"mark=eq.{mark}")


def test_an_unchanged_large_value_is_absent_from_an_update(
    bare_stack: LocalStack, database: Connection, mark: str
) -> None:
    database.execute("alter table things alter big set storage external")
    row = _insert_thing(database, mark)
    database.execute("update things set big = repeat('x', 10000) where id = %s", [row])

    async def scenario(listener: Listener) -> None:
        database.execute("update things set amount = 1 where id = %s", [row])
        record = (await listener.next())["record"]
        assert record["amount"] == 1
        assert "big" not in record

    hear(bare_stack, scenario, event="UPDATE", schema="public", table="things", filter=f"id=eq.{row}")


def test_a_table_without_a_key_tells_only_that_something_happened(bare_stack: LocalStack, database: Connection) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute("insert into keyless values ('secret')")
        data = await listener.next()
        assert data["errors"] == ["Error 400: Bad Request, no primary key"]
        assert data["record"] == {}

    hear(bare_stack, scenario, event="INSERT", schema="public", table="keyless")


def test_a_table_joins_the_publication_while_the_server_runs(bare_stack: LocalStack, database: Connection) -> None:
    async def run() -> None:
        async with joined(bare_stack, schema="public", table="latecomer") as listener:
            complaint = await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)
            assert "Unable to subscribe to changes with given parameters" in complaint
            database.execute(
                """create table latecomer (id int primary key);
                grant select on latecomer to anon;
                alter publication supabase_realtime add table latecomer"""
            )
            await listener.delivering()
            # The client rejoins by itself after the complaint, and may be between two joins just now.
            while listener.changes.empty():
                database.execute("insert into latecomer select coalesce(max(id), 0) + 1 from latecomer")
                await asyncio.sleep(0.2)
            assert (await listener.next())["table"] == "latecomer"

    asyncio.run(run())


def test_a_table_outside_the_publication_is_refused(bare_stack: LocalStack) -> None:
    async def run() -> None:
        async with joined(bare_stack, schema="public", table="unpublished") as listener:
            complaint = await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)
            assert "table: unpublished" in complaint

    asyncio.run(run())


def test_one_channel_hears_a_whole_schema(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    async def scenario(listener: Listener) -> None:
        database.execute("insert into things (mark) values (%s)", [mark])
        database.execute("insert into full_identity values (2, %s)", [mark])
        assert [(await listener.next())["table"] for _ in range(2)] == ["things", "full_identity"]

    hear(bare_stack, scenario, event="INSERT", schema="public")


def _insert_thing(database: Connection, mark: str) -> int:
    row = database.execute("insert into things (mark) values (%s) returning id", [mark]).fetchone()
    assert row is not None
    return int(row["id"])


def test_a_row_is_not_lost_for_being_in_the_wal_before_its_policy_can_see_it(
    bare_stack: LocalStack, database: Connection, mark: str
) -> None:
    """A commit is decoded before other sessions see it. A standby that never answers makes the moment long."""

    async def scenario(listener: Listener) -> None:
        insert = "insert into notes (owner, body) values (gen_random_uuid(), %s)"
        inserting = asyncio.create_task(asyncio.to_thread(database.execute, insert, [mark]))
        await asyncio.sleep(0.4)
        assert not inserting.done()
        _await_standby(bare_stack, "")
        await inserting
        assert (await listener.next())["record"]["body"] == mark

    token = bare_stack.keys.sign("robot", {"fleet": mark})
    _await_standby(bare_stack, "nobody")
    try:
        hear(bare_stack, scenario, event="INSERT", schema="public", table="notes", token=token)
    finally:
        _await_standby(bare_stack, "")


def _await_standby(stack: LocalStack, name: str) -> None:
    """Have commits wait for a standby of that name; for none where it is empty."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(f"alter system set synchronous_standby_names = '{name}'")
        connection.execute("select pg_reload_conf()")
        while connection.execute("show synchronous_standby_names").fetchone() != (name,):
            pass
