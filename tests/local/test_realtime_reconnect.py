"""What happens after a socket, the server or the stream from Postgres breaks."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from realtime import RealtimeSubscribeStates

from local import LocalStack
from tests.local.conftest import Connection
from tests.local.listener import Listener, listening

THINGS = {"schema": "public", "table": "things"}
TABLE = """
create table things (id int primary key);
grant select on things to anon;
alter publication supabase_realtime add table things;
"""


# realtime-py reads attributes that websockets 15 calls deprecated; as an error, that would end its reader.
@pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")
def test_a_client_comes_back_after_the_server_closed_its_socket(
    bare_stack: LocalStack, database: Connection, mark: str
) -> None:
    async def run() -> None:
        async with listening(bare_stack, filter=f"mark=eq.{mark}", **THINGS) as listener:
            socket = listener.client.realtime._ws_connection
            assert socket is not None
            await socket.send("no frame: the server closes the socket")
            await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)
            await listener.delivering()
            database.execute("insert into things (mark) values (%s)", [mark])
            assert (await listener.next())["record"]["mark"] == mark

    asyncio.run(run())


def test_a_client_comes_back_after_the_server_was_restarted(data_dir: Path) -> None:
    stack = LocalStack(data_dir=data_dir)
    stack.start()
    try:
        _execute(stack, TABLE)
        port = int(stack.url.rpartition(":")[2])
        stack.stop()
        stack = LocalStack(port=port, data_dir=data_dir, keys=stack.keys)
        stack.start()
        asyncio.run(_survive_a_restart(stack))
    finally:
        stack.stop()


async def _survive_a_restart(stack: LocalStack) -> None:
    async with listening(stack, **THINGS) as listener:
        _insert(stack, 1)
        assert (await listener.next())["record"] == {"id": 1}
        stack.stop()
        stack.start()
        await listener.delivering()
        _insert(stack, 2)
        assert (await listener.next())["record"] == {"id": 2}


def test_the_stream_from_postgres_is_opened_again(bare_stack: LocalStack, database: Connection, mark: str) -> None:
    async def run() -> None:
        async with listening(bare_stack, filter=f"mark=eq.{mark}", **THINGS) as listener:
            _break_the_stream(database)
            complaint = await listener.state(RealtimeSubscribeStates.CHANNEL_ERROR)
            assert "replication stream was lost" in complaint
            await _hear_again(listener, database, mark)

    asyncio.run(run())


async def _hear_again(listener: Listener, database: Connection, mark: str) -> None:
    await listener.delivering()
    # The client rejoins by itself after the complaint, and may be between two joins just now.
    while listener.changes.empty():
        database.execute("insert into things (mark) values (%s)", [mark])
        await asyncio.sleep(0.2)
    assert (await listener.next())["record"]["mark"] == mark


def _break_the_stream(database: Connection) -> None:
    ended = database.execute("select pg_terminate_backend(active_pid) from pg_replication_slots").fetchall()
    assert len(ended) == 1


def _insert(stack: LocalStack, number: int) -> None:
    _execute(stack, f"insert into things values ({number})")


def _execute(stack: LocalStack, statement: str) -> None:
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(statement)
