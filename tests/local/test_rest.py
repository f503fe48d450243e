"""REST and auth, through supabase-py."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError
from supabase import Client

from local import Keys, LocalStack
from tests.local.conftest import Connect, Connection, User


def test_rows_are_inserted_and_selected(client: Client, mark: str) -> None:
    client.table("things").insert({"mark": mark, "amount": 1.5, "tags": ["a", "b"]}).execute()
    [row] = client.table("things").select("amount, tags").eq("mark", mark).execute().data
    assert row == {"amount": 1.5, "tags": ["a", "b"]}


def test_timestamps_are_written_as_iso_8601(client: Client, mark: str) -> None:
    client.table("things").insert({"mark": mark, "happened_at": "2026-01-02T03:04:05.678901+02:00"}).execute()
    [row] = client.table("things").select("happened_at").eq("mark", mark).execute().data
    assert row == {"happened_at": "2026-01-02T01:04:05.678901+00:00"}


def test_functions_are_called(client: Client) -> None:
    assert client.rpc("add", {"a": 2, "b": 3}).execute().data == 5


@pytest.mark.parametrize("value", [{"a": [1, None]}, [{"b": "c"}], [], {}, "plain", "[no json"])
def test_json_arguments_arrive_as_they_were_sent(client: Client, value: Any) -> None:
    assert client.rpc("echo", {"value": value}).execute().data == value


@pytest.mark.parametrize("value", [{"a": [1, None]}, [{"b": "c"}], [], {}, "plain", "[no json", 1.5])
def test_json_columns_hold_what_was_sent(client: Client, mark: str, value: Any) -> None:
    client.table("things").insert({"mark": mark, "details": value}).execute()
    [row] = client.table("things").select("details").eq("mark", mark).execute().data
    assert row == {"details": value}


def test_a_policy_refuses_with_42501(sign_up: Callable[[], User]) -> None:
    alice, bob = sign_up(), sign_up()
    with pytest.raises(APIError) as refusal:
        alice.client.table("notes").insert({"owner": bob.id, "body": "forged"}, returning="minimal").execute()  # type: ignore[arg-type]
    assert refusal.value.code == "42501"


def test_users_see_their_own_rows_only(sign_up: Callable[[], User]) -> None:
    alice, bob = sign_up(), sign_up()
    alice.client.table("notes").insert({"body": "mine"}, returning="minimal").execute()  # type: ignore[arg-type]
    assert [row["body"] for row in alice.client.table("notes").select("body").execute().data] == ["mine"]  # type: ignore[call-overload, index]
    assert bob.client.table("notes").select("body").execute().data == []


def test_nothing_is_granted_that_no_migration_granted(client: Client, connect: Connect, bare_stack: LocalStack) -> None:
    service = connect(bare_stack.secret_key)
    for one in (client, service):
        with pytest.raises(APIError) as refusal:
            one.table("ungranted").select("*").execute()
        assert refusal.value.code == "42501"


def test_keys_and_tokens_decide_the_role(
    client: Client, robot: Client, connect: Connect, bare_stack: LocalStack
) -> None:
    service = connect(bare_stack.secret_key)
    roles = [one.rpc("whoami").execute().data for one in (client, service, robot)]
    assert roles == [
        {"role": role, "session": "authenticator", "claimed": role} for role in ("anon", "service_role", "robot")
    ]


def test_a_custom_role_may_not_use_the_auth_schema(robot: Client) -> None:
    with pytest.raises(APIError) as refusal:
        robot.rpc("my_id").execute()
    assert refusal.value.code == "42501"


def test_a_role_not_granted_to_authenticator_is_refused(bare_stack: LocalStack) -> None:
    answer = _select(bare_stack, bare_stack.keys.sign("postgres"))
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


def test_a_token_signed_by_someone_else_is_refused(bare_stack: LocalStack) -> None:
    assert _select(bare_stack, Keys.generate().sign("service_role")).status_code == 401


def test_a_request_without_a_known_key_is_refused(bare_stack: LocalStack) -> None:
    url = f"{bare_stack.url}/rest/v1/things"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"apikey": "sb_publishable_unknown"}).status_code == 401


@pytest.mark.parametrize("path", ["/rest/v1/things", "/auth/v1/token"])
def test_browsers_of_other_origins_may_call(bare_stack: LocalStack, path: str) -> None:
    asked = "apikey,authorization,content-type,x-client-info"
    preflight = {
        "Origin": "http://example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    answer = httpx.options(bare_stack.url + path, headers=preflight)
    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == "*"
    assert set(asked.split(",")) <= set(answer.headers["access-control-allow-headers"].replace(" ", "").split(","))


def test_new_tables_are_served_after_a_reload(bare_stack: LocalStack, database: Connection, client: Client) -> None:
    database.execute("create table public.late (id int primary key); grant select on public.late to anon")
    bare_stack.reload_schema()
    assert client.table("late").select("id").execute().data == []
    database.execute("drop table public.late")


def test_ddl_is_noticed_without_asking(bare_stack: LocalStack, database: Connection) -> None:
    database.execute("create table public.noticed (id int primary key); grant select on public.noticed to anon")
    url, headers = f"{bare_stack.url}/rest/v1/noticed", {"apikey": bare_stack.publishable_key}
    deadline = time.monotonic() + 30.0
    while httpx.get(url, headers=headers).status_code == 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert httpx.get(url, headers=headers).json() == []
    database.execute("drop table public.noticed")


def _select(stack: LocalStack, token: str) -> httpx.Response:
    headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"}
    return httpx.get(f"{stack.url}/rest/v1/things?limit=1", headers=headers)
