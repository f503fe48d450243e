"""The wire protocol, frame by frame."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection as Socket

from local import LocalStack
from tests.local.conftest import Connection

PATIENCE_S = 20.0
JOIN = {"config": {"postgres_changes": [{"event": "INSERT", "schema": "public", "table": "things"}]}}


class Wire:
    """A socket that speaks one version of the protocol in plain frames."""

    def __init__(self, socket: Socket, version: str) -> None:
        self.socket = socket
        self._version = version

    def send(self, topic: str, event: str, payload: dict[str, Any] | None, ref: str | None) -> None:
        join_ref = "1" if topic.startswith("realtime:") else None
        if self._version == "2.0.0":
            self.socket.send(json.dumps([join_ref, ref, topic, event, payload]))
        else:
            self.socket.send(json.dumps({"topic": topic, "event": event, "payload": payload, "ref": ref}))

    def receive(self) -> dict[str, Any]:
        frame = json.loads(self.socket.recv(PATIENCE_S))
        if self._version == "2.0.0":
            return dict(zip(("join_ref", "ref", "topic", "event", "payload"), frame, strict=True))
        assert set(frame) == {"topic", "event", "payload", "ref"}
        return {**frame, "join_ref": None}


@contextmanager
def wired(stack: LocalStack, version: str | None = "1.0.0", key: str | None = None) -> Iterator[Wire]:
    with connect(_url(stack, key or stack.publishable_key, version)) as socket:
        yield Wire(socket, version or "1.0.0")


def _url(stack: LocalStack, key: str, version: str | None) -> str:
    suffix = f"&vsn={version}" if version else ""
    return f"{stack.url.replace('http', 'ws')}/realtime/v1/websocket?apikey={key}{suffix}"


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_a_channels_whole_life(bare_stack: LocalStack, database: Connection, mark: str, version: str) -> None:
    with wired(bare_stack, version) as wire:
        wire.send("realtime:a", "phx_join", JOIN, "1")
        answer = wire.receive()
        assert (answer["event"], answer["ref"], answer["payload"]["status"]) == ("phx_reply", "1", "ok")
        [binding] = answer["payload"]["response"]["postgres_changes"]
        assert {**binding, "id": 0} == {"id": 0, "event": "INSERT", "schema": "public", "table": "things"}
        assert wire.receive()["payload"] == {
            "extension": "postgres_changes",
            "status": "ok",
            "message": "Subscribed to PostgreSQL",
            "channel": "a",
        }

        database.execute("insert into things (mark, amount) values (%s, 9007199254740993)", [mark])
        change = wire.receive()
        assert (change["event"], change["ref"], change["join_ref"]) == ("postgres_changes", None, None)
        assert change["payload"]["ids"] == [binding["id"]]
        assert change["payload"]["data"]["record"]["amount"] == 9007199254740993

        wire.send("realtime:a", "phx_leave", {}, "2")
        answer = wire.receive()
        assert (answer["ref"], answer["payload"]) == ("2", {"status": "ok", "response": {}})
        assert wire.receive()["event"] == "phx_close"


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
@pytest.mark.parametrize("ref", ["7", None])
def test_a_heartbeat_is_answered_with_its_ref(bare_stack: LocalStack, version: str, ref: str | None) -> None:
    with wired(bare_stack, version) as wire:
        wire.send("phoenix", "heartbeat", {}, ref)
        answer = wire.receive()
        assert (answer["topic"], answer["event"], answer["ref"]) == ("phoenix", "phx_reply", ref)
        assert answer["payload"] == {"status": "ok", "response": {}}


def test_a_join_without_a_payload_is_answered(bare_stack: LocalStack) -> None:
    with wired(bare_stack) as wire:
        wire.send("realtime:a", "phx_join", None, "1")
        assert wire.receive()["payload"]["status"] == "ok"


def test_the_first_version_is_the_default(bare_stack: LocalStack) -> None:
    with wired(bare_stack, None) as wire:
        wire.send("realtime:a", "phx_join", {"config": {}}, "1")
        assert wire.receive()["payload"] == {"status": "ok", "response": {"postgres_changes": []}}


def test_a_change_that_matches_two_bindings_comes_once_with_both_ids(
    bare_stack: LocalStack, database: Connection, mark: str
) -> None:
    bindings = [
        {"event": "*", "schema": "public", "table": "things", "filter": f"mark=eq.{mark}"},
        {"event": "UPDATE", "schema": "public", "table": "things"},
        {"event": "INSERT", "schema": "*"},
    ]
    with wired(bare_stack) as wire:
        wire.send("realtime:a", "phx_join", {"config": {"postgres_changes": bindings}}, "1")
        ids = [each["id"] for each in wire.receive()["payload"]["response"]["postgres_changes"]]
        assert wire.receive()["payload"]["status"] == "ok"
        database.execute("insert into things (mark) values (%s)", [mark])
        assert wire.receive()["payload"]["ids"] == [ids[0], ids[2]]


@pytest.mark.parametrize(
    ("topic", "config", "reason"),
    [
        ("realtime:a", {"private": True}, "Unauthorized"),
        ("realtime:", {}, "TopicNameRequired"),
        ("elsewhere", {}, "TopicNameRequired"),
    ],
)
def test_a_join_may_be_refused(bare_stack: LocalStack, topic: str, config: dict[str, Any], reason: str) -> None:
    with wired(bare_stack) as wire:
        wire.send(topic, "phx_join", {"config": config}, "1")
        payload = wire.receive()["payload"]
        assert payload["status"] == "error"
        assert payload["response"]["reason"].startswith(reason)


def test_a_socket_has_a_hundred_channels_at_most(bare_stack: LocalStack) -> None:
    with wired(bare_stack) as wire:
        statuses = []
        for number in range(101):
            wire.send(f"realtime:{number}", "phx_join", {"config": {}}, str(number))
            statuses.append(wire.receive()["payload"]["status"])
        assert statuses == ["ok"] * 100 + ["error"]


def test_a_message_to_a_channel_that_was_not_joined_is_refused(bare_stack: LocalStack) -> None:
    with wired(bare_stack) as wire:
        wire.send("realtime:a", "access_token", {"access_token": "x"}, "1")
        assert wire.receive()["payload"] == {"status": "error", "response": {"reason": "unmatched topic"}}


def test_a_bad_new_token_ends_the_channel(bare_stack: LocalStack) -> None:
    with wired(bare_stack) as wire:
        wire.send("realtime:a", "phx_join", {"config": {}}, "1")
        wire.receive()
        wire.send("realtime:a", "access_token", {"access_token": "not.a.token"}, "2")
        assert wire.receive()["payload"]["status"] == "error"
        assert wire.receive()["event"] == "phx_close"


@pytest.mark.parametrize(("version", "frame"), [("1.0.0", "[]"), ("1.0.0", "{"), ("2.0.0", "{}"), ("2.0.0", "null")])
def test_a_frame_that_is_none_closes_the_socket(bare_stack: LocalStack, version: str, frame: str) -> None:
    with wired(bare_stack, version) as wire:
        wire.socket.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            wire.socket.recv(PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/realtime/v1/websocket", 401),
        ("/realtime/v1/websocket?apikey=sb_publishable_unknown", 401),
        ("/realtime/v1/websocket?apikey=not.a.token", 403),
        ("/realtime/v1/websocket?apikey=KEY&vsn=3.0.0", 400),
        ("/elsewhere?apikey=KEY", 404),
    ],
)
def test_a_handshake_may_be_refused(bare_stack: LocalStack, path: str, status: int) -> None:
    url = bare_stack.url.replace("http", "ws") + path.replace("KEY", bare_stack.publishable_key)
    with pytest.raises(InvalidStatus) as refusal, connect(url):
        pass
    assert refusal.value.response.status_code == status
    assert json.loads(refusal.value.response.body or b"")["error"]


def test_a_token_of_the_legacy_kind_is_a_key_too(bare_stack: LocalStack) -> None:
    with wired(bare_stack, key=bare_stack.keys.sign("anon")) as wire:
        wire.send("realtime:a", "phx_join", JOIN, "1")
        assert wire.receive()["payload"]["status"] == "ok"
