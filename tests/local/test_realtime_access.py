"""Who may hear what: policies, grants, keys and tokens, through supabase-py."""

import asyncio
from collections.abc import Callable

import pytest
from realtime import RealtimeSubscribeStates

from local import Keys, LocalStack
from tests.local.conftest import Connection, User
from tests.local.listener import joined, listening

NOTES = {"schema": "public", "table": "notes"}


def test_users_hear_of_their_own_rows_only(bare_stack: LocalStack, sign_up: Callable[[], User]) -> None:
    async def run() -> None:
        alice, bob = sign_up(), sign_up()
        async with (
            listening(bare_stack, token=alice.token, **NOTES) as of_alice,
            listening(bare_stack, token=bob.token, **NOTES) as of_bob,
        ):
            for user, body in ((alice, "a1"), (bob, "b1"), (alice, "a2"), (bob, "b2")):
                user.client.table("notes").insert({"body": body}, returning="minimal").execute()  # type: ignore[arg-type]
            assert [(await of_alice.next())["record"]["body"] for _ in range(2)] == ["a1", "a2"]
            assert [(await of_bob.next())["record"]["body"] for _ in range(2)] == ["b1", "b2"]

    asyncio.run(run())


def test_columns_without_a_select_grant_stay_out(bare_stack: LocalStack, sign_up: Callable[[], User]) -> None:
    async def run() -> None:
        user = sign_up()
        async with listening(bare_stack, token=user.token, **NOTES) as listener:
            user.client.table("notes").insert({"body": "x"}, returning="minimal").execute()  # type: ignore[arg-type]
            data = await listener.next()
            assert set(data["record"]) == {"id", "owner", "body"}
            assert [column["name"] for column in data["columns"]] == ["id", "owner", "body"]

    asyncio.run(run())


def test_a_delete_under_policies_tells_the_key_only(
    bare_stack: LocalStack, database: Connection, sign_up: Callable[[], User]
) -> None:
    async def run() -> None:
        user, stranger = sign_up(), sign_up()
        database.execute("alter table notes replica identity full")
        async with listening(bare_stack, event="DELETE", token=stranger.token, **NOTES) as listener:
            row = database.execute("insert into notes (owner) values (%s) returning id", [user.id]).fetchone()
            assert row is not None
            database.execute("delete from notes where id = %s", [row["id"]])
            assert (await listener.next())["old_record"] == {"id": str(row["id"])}
        database.execute("alter table notes replica identity default")

    asyncio.run(run())


def test_a_role_without_a_grant_on_the_key_is_told_401(bare_stack: LocalStack, database: Connection) -> None:
    async def run() -> None:
        async with listening(bare_stack, event="INSERT", schema="public", table="ungranted") as listener:
            database.execute("insert into ungranted (mark) values ('secret')")
            data = await listener.next()
            assert (data["errors"], data["record"]) == (["Error 401: Unauthorized"], {})

    asyncio.run(run())


def test_a_secret_key_hears_what_no_policy_shows(
    bare_stack: LocalStack, database: Connection, sign_up: Callable[[], User]
) -> None:
    async def run() -> None:
        database.execute("grant select on notes to service_role")
        async with listening(bare_stack, key=bare_stack.secret_key, **NOTES) as listener:
            database.execute("insert into notes (owner, body) values (%s, 'x')", [sign_up().id])
            data = await listener.next()
            assert (data["record"]["body"], data["record"]["internal"]) == ("x", "not for users")

    asyncio.run(run())


def test_policies_read_the_claims_of_a_custom_roles_token(
    bare_stack: LocalStack, database: Connection, sign_up: Callable[[], User], mark: str
) -> None:
    async def run() -> None:
        owner = sign_up().id
        token = bare_stack.keys.sign("robot", {"fleet": mark})
        async with listening(bare_stack, token=token, **NOTES) as listener:
            for body in ("another fleet", mark):
                database.execute("insert into notes (owner, body) values (%s, %s)", [owner, body])
            assert (await listener.next())["record"]["body"] == mark

    asyncio.run(run())


def test_a_new_token_changes_what_is_heard(
    bare_stack: LocalStack, database: Connection, sign_up: Callable[[], User], mark: str
) -> None:
    async def run() -> None:
        owner = sign_up().id
        async with listening(bare_stack, token=bare_stack.keys.sign("robot", {"fleet": "none"}), **NOTES) as listener:
            await listener.client.realtime.set_auth(bare_stack.keys.sign("robot", {"fleet": mark}))
            # The token travels on the socket and the row through Postgres: insert until both have arrived.
            while listener.changes.empty():
                database.execute("insert into notes (owner, body) values (%s, %s)", [owner, mark])
                await asyncio.sleep(0.1)
            assert (await listener.next())["record"]["body"] == mark

    asyncio.run(run())


def test_an_expired_token_ends_the_channel(bare_stack: LocalStack) -> None:
    async def run() -> None:
        token = bare_stack.keys.sign("robot", lifetime_s=5)
        async with joined(bare_stack, token=token, **NOTES) as listener:
            complaint = await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)
            assert "Token has expired" in complaint
            await listener.state(RealtimeSubscribeStates.CLOSED)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("make_token", "reason"),
    [
        (lambda _: "not.a.token", "MalformedJWT"),
        (lambda _: Keys.generate().sign("anon"), "JwtSignatureError"),
        (lambda keys: keys.sign("anon", lifetime_s=-60), "InvalidJWTExpiration: Token has expired 6"),
        (lambda keys: keys.sign("", {"role": None}), "InvalidJWTToken: Fields `role` and `exp` are required"),
    ],
)
def test_a_join_with_a_bad_token_is_refused(
    bare_stack: LocalStack, make_token: Callable[[Keys], str], reason: str
) -> None:
    async def run() -> None:
        async with joined(bare_stack, token=make_token(bare_stack.keys), **NOTES) as listener:
            assert reason in await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)

    asyncio.run(run())


def test_a_role_that_does_not_exist_cannot_subscribe(bare_stack: LocalStack) -> None:
    async def run() -> None:
        async with joined(bare_stack, token=bare_stack.keys.sign("nobody"), **NOTES) as listener:
            assert "role" in await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)

    asyncio.run(run())
