"""The project as the local stack is one, and as servers that are none, or older, or newer."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agent.doctor import CHECKS, Finding, Place, examine, server
from agent.doctor.database import look_at_database, look_at_published_models
from agent.doctor.delivery import look_at_realtime
from agent.doctor.key import look_at_key
from agent.doctor.server import look_at_clock, look_at_supabase
from agent.store import CONTRACT
from local import LocalStack
from sql.migration import migrations
from tests.agent.doctor.conftest import MakePlace
from tests.agent.web import Request, Web

SECRET = "sb_secret_of_a_test"
AgentKey = Callable[[float], str]
PROJECT = [check for check in CHECKS if check.name in ("supabase", "key", "database")]


def look(place: Place) -> tuple[Finding, Finding, Finding]:
    """Supabase, key and database, in the order in which they are looked at."""
    return look_at_supabase(place), look_at_key(place), look_at_database(place)


def states(*found: Finding) -> list[str]:
    return [each.state for each in found]


@pytest.fixture
def empty(stack: LocalStack) -> Iterator[LocalStack]:
    """A project that nobody has migrated, as far as is asked: the function and the role go by other names."""
    names = ("function arena_contract()", "arena_contract"), ("role arena_agent", "arena_agent")
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        for what, name in names:
            connection.execute(f"alter {what} rename to hidden_{name}")
        try:
            yield stack
        finally:
            for what, name in names:
                connection.execute(f"alter {what.replace(name, f'hidden_{name}')} rename to {name}")
            stack.reload_schema()


def test_a_sound_project(place: MakePlace, stack: LocalStack) -> None:
    sound = place(SUPABASE_URL=stack.url, SUPABASE_KEY=stack.secret_key)
    reached, key, database = look(sound)
    assert states(reached, key, database, look_at_clock(sound), look_at_published_models(sound)) == ["ok"] * 5
    assert reached.found.endswith(" ms")
    assert key.found == "the secret key"
    assert database.found == f"all migrations are in it; contract {CONTRACT}"
    assert look_at_realtime(sound).state == "ok"


def test_an_agents_own_key(place: MakePlace, stack: LocalStack, agent_key: AgentKey) -> None:
    keys = {"SUPABASE_KEY": agent_key(90), "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key}
    own = place(SUPABASE_URL=stack.url, **keys)
    assert states(*look(own), look_at_published_models(own), look_at_realtime(own)) == ["ok"] * 5
    assert look_at_key(own).found == "an agent's key, good for 90 days"


@pytest.mark.parametrize(("days", "left"), [(13, "13 days"), (1 / 24, "60 minutes")])
def test_a_key_that_ends_soon(place: MakePlace, stack: LocalStack, agent_key: AgentKey, days: float, left: str) -> None:
    keys = {"SUPABASE_KEY": agent_key(days), "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key}
    _, key, database = look(place(SUPABASE_URL=stack.url, **keys))
    assert states(key, database) == ["warning", "ok"]
    assert f"good for {left}, until 20" in key.found
    assert "arena agent-key" in str(key.mend)


@pytest.mark.parametrize("kind", ["secret", "agent"])
def test_a_key_of_another_project(place: MakePlace, stack: LocalStack, kind: str) -> None:
    other = LocalStack().keys
    wrong = other.secret if kind == "secret" else other.sign("arena_agent", lifetime_s=8e6)
    keys = {"SUPABASE_KEY": wrong, "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key}
    here = place(SUPABASE_URL=stack.url, **keys)
    found = look(here)
    assert states(*found, look_at_published_models(here), look_at_realtime(here)) == [
        "ok", "problem", "skipped", "skipped", "skipped"
    ]  # fmt: skip
    assert "arena agent-key" in str(found[1].mend)
    assert wrong not in str(found)


@pytest.mark.parametrize("kind", ["secret", "agent"])
def test_a_database_that_nobody_migrated(place: MakePlace, empty: LocalStack, kind: str) -> None:
    keys = {"SUPABASE_KEY": empty.secret_key}
    if kind == "agent":  # whose role comes with the migrations
        keys = {
            "SUPABASE_KEY": empty.keys.sign("arena_agent", lifetime_s=8e6),
            "SUPABASE_PUBLISHABLE_KEY": empty.publishable_key,
        }
    here = place(SUPABASE_URL=empty.url, **keys)
    *_, key, database = look(here)
    assert states(key, database, look_at_published_models(here), look_at_realtime(here)) == [
        "ok", "problem", "skipped", "skipped"
    ]  # fmt: skip
    assert "arena migrate" in str(database.mend)


def test_a_migration_that_is_missing_is_named(place: MakePlace, stack: LocalStack) -> None:
    last = migrations()[-1]
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        row = connection.execute(
            "delete from supabase_migrations.schema_migrations where version = %s returning name", [last.version]
        ).fetchone()
        try:
            *_, database = look(place(SUPABASE_URL=stack.url, SUPABASE_KEY=stack.secret_key))
        finally:
            connection.execute(
                "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
                [last.version, row and row[0]],
            )
    assert database.state == "warning"
    assert database.found == f"It is older than this agent. It lacks {last.file_name}."


def test_a_model_of_ones_own_that_nobody_can_choose(place: MakePlace, stack: LocalStack, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[models.my_cars]\nname = "Ours"\nfamily = "ultralytics"\ntask = "object-detection"\n'
        'can_detect_cars = true\ndescription = "Trained by us."\n'
    )
    here = place(SUPABASE_URL=stack.url, SUPABASE_KEY=stack.secret_key, ARENA_CATALOGUE=str(tmp_path / "own.toml"))
    look(here)
    found = look_at_published_models(here)
    assert found.state == "warning"
    assert "lacks my_cars," in found.found
    assert f"arena migrate --catalogue {tmp_path / 'own.toml'}" in str(found.mend)


ALL = [each.version for each in migrations()]
CONTRACTS = {
    "newer": (
        {"contract": CONTRACT + 1, "oldest_contract": CONTRACT, "migrations": [*ALL, "2099"]}, "ok", "newer than",
    ),
    "by hand": ({"contract": CONTRACT, "oldest_contract": 1, "migrations": []}, "ok", "contract"),
    "too new": (
        {"contract": CONTRACT + 2, "oldest_contract": CONTRACT + 1, "migrations": ALL}, "problem", "serves agents from",
    ),
    "too old": (
        {"contract": CONTRACT - 1, "oldest_contract": 1, "migrations": ALL[:-2]}, "problem", "and 1 more",
    ),
    "nonsense": ({"contract": "two"}, "problem", "arena_contract() answers"),
}  # fmt: skip


@pytest.mark.parametrize(("contract", "state", "said"), CONTRACTS.values(), ids=CONTRACTS)
def test_contracts(place: MakePlace, contract: Any, state: str, said: str) -> None:
    here = place(SUPABASE_URL="http://127.0.0.1:9", SUPABASE_KEY=SECRET)
    here.key_accepted, here.contract = True, contract
    database = look_at_database(here)
    assert database.state == state
    assert said in database.found


@pytest.mark.parametrize(
    ("status", "headers", "said", "mend"),
    [
        (540, {}, "is paused", "dashboard"),
        (503, {}, "answers 503", "Wait"),
        (404, {"Content-Type": "text/html"}, "is not Supabase (404)", "with no path"),
        (301, {"Location": "/elsewhere"}, "is not Supabase (301)", "with no path"),
    ],
)
def test_servers_that_are_no_project(
    place: MakePlace, web: Web, status: int, headers: dict[str, str], said: str, mend: str
) -> None:
    web.answers["/auth/v1/health"] = lambda request: request.send(status, headers=headers)
    here = place(SUPABASE_URL=web.url(), SUPABASE_KEY=SECRET)
    found, key, database = look(here)
    assert states(found, key, database, look_at_clock(here)) == ["problem", "skipped", "skipped", "ok"]
    assert said in found.found
    assert mend in str(found.mend)
    assert key.found == f"the secret key; not tried: {found.found}"
    assert database.found == found.found


def test_a_database_that_does_not_answer_is_not_called_a_refused_key(place: MakePlace, web: Web) -> None:
    web.answers["/auth/v1/health"] = _json({})
    web.answers["/rest/v1/rpc/arena_contract"] = lambda request: request.send(503)
    here = place(SUPABASE_URL=web.url(), SUPABASE_KEY=SECRET)
    _, key, database = (each.finding for each in examine(PROJECT, here))
    assert key.state == "problem"
    assert database.found == "The database did not answer: see key."


@pytest.mark.parametrize(
    ("variable", "value", "mend"),
    [
        ("SSL_CERT_FILE", "/nonexistent", "Set SSL_CERT_FILE to a file"),
        ("SSL_CERT_FILE", "/etc/hostname", "Set SSL_CERT_FILE to a file"),
        ("HTTPS_PROXY", "foo://bar", "Set HTTPS_PROXY to an address"),
        ("ALL_PROXY", "socks5://127.0.0.1:9", "Set ALL_PROXY to an address"),
        ("HTTPS_PROXY", "http://127.0.0.1:9", "Or is it the proxy? HTTPS_PROXY is set."),
    ],
)
def test_a_variable_that_keeps_connections_from_being_made_is_named(
    place: MakePlace, variable: str, value: str, mend: str
) -> None:
    found = look_at_supabase(place(SUPABASE_URL="https://127.0.0.1:9", SUPABASE_KEY=SECRET, **{variable: value}))
    assert found.state == "problem"
    assert mend in str(found.mend)


@pytest.mark.parametrize(
    ("url", "said", "mend"),
    [
        ("http://127.0.0.1:9", "refuses the connection", "arena stack"),
        ("http://no-such-project.invalid", "its name is not known", "paused for long or deleted"),
    ],
)
def test_what_is_not_there(place: MakePlace, url: str, said: str, mend: str) -> None:
    here = place(SUPABASE_URL=url, SUPABASE_KEY=SECRET)
    reached, key, database = look(here)
    assert states(reached, key, database, look_at_clock(here)) == ["problem", "skipped", "skipped", "skipped"]
    assert said in reached.found
    assert mend in str(reached.mend)
    assert key.found == "the secret key; not tried: Supabase was not reached."


def test_a_server_that_is_silent(place: MakePlace, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    web.answers["/auth/v1/health"] = lambda request: request.wait_for(web.closing)
    monkeypatch.setattr(server, "_ANSWER_SECONDS", 0.2)
    found = look_at_supabase(place(SUPABASE_URL=web.url(), SUPABASE_KEY=SECRET))
    web.closing.set()
    assert (found.state, found.found) == ("problem", "127.0.0.1 cannot be reached: it does not answer.")
    assert "reach the internet" in str(found.mend)


def test_a_certificate_that_nobody_vouches_for(place: MakePlace, certificate: Path) -> None:
    https = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    https.socket = context.wrap_socket(https.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=https.handle_request)
    thread.start()
    found = look_at_supabase(place(SUPABASE_URL=f"https://127.0.0.1:{https.server_port}", SUPABASE_KEY=SECRET))
    thread.join()
    https.server_close()
    assert "its certificate is not trusted (self-signed certificate)" in found.found
    assert "ca-certificates" in str(found.mend)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One that signs itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [(-90, "warning", "90 s ahead of"), (45, "warning", "45 s behind"), (0, "ok", "agrees")],
)
def test_the_clock_is_held_against_the_servers(place: MakePlace, web: Web, seconds: int, state: str, said: str) -> None:
    def answer(request: Request) -> None:
        now = datetime.now(UTC) + timedelta(seconds=seconds)
        request.send_response_only(200)
        for name, value in {
            "Date": format_datetime(now, usegmt=True), "Content-Type": "application/json", "Content-Length": "2"
        }.items():  # fmt: skip
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(b"{}")

    web.answers["/auth/v1/health"] = answer
    here = place(SUPABASE_URL=web.url(), SUPABASE_KEY=SECRET)
    look_at_supabase(here)
    found = look_at_clock(here)
    assert found.state == state
    assert said in found.found
    assert state == "ok" or "timedatectl" in str(found.mend)


def test_realtime_that_does_not_answer_leaves_the_agent_polling(place: MakePlace, web: Web) -> None:
    here = place(SUPABASE_URL=web.url(), SUPABASE_KEY=SECRET)
    here.contract = {}
    found = look_at_realtime(here)
    assert found.state == "warning"
    assert "It does not deliver: " in found.found
    assert "polls, every 5 s" in found.found
    assert SECRET not in str(found)


def test_realtime_that_is_switched_off_is_not_tried(place: MakePlace, web: Web) -> None:
    here = place(SUPABASE_URL=web.url(), SUPABASE_KEY=SECRET, ARENA_REALTIME="false")
    here.contract = {}
    assert look_at_realtime(here).state == "skipped"
    assert not web.asked


def test_the_secret_key_of_a_project_elsewhere_is_more_than_an_agent_needs(place: MakePlace, web: Web) -> None:
    web.answers["/auth/v1/health"] = _json({})
    web.answers["/rest/v1/rpc/arena_contract"] = _json({})
    _, key, _ = look(place(SUPABASE_URL=web.url().replace("127.0.0.1", "0.0.0.0"), SUPABASE_KEY=SECRET))
    assert key.state == "warning"
    assert "may do everything in the project" in key.found


def _json(value: Any) -> Callable[[Request], None]:
    body = json.dumps(value).encode()
    return lambda request: request.send(200, body, {"Content-Type": "application/json"})
