"""``arena agent-key`` as a person uses it, and an agent that has nothing else."""

import json
import time
from pathlib import Path

import jwt
import pytest

from local import LocalStack
from tests.agent.agent_process import SCENES, Agents
from tests.agent.queue import Queue
from tests.agent.test_agent_key import SECRET, jwk, public
from tests.agent.test_commands import arena


def test_the_key_alone_is_printed_to_be_put_away(tmp_path: Path) -> None:
    key = jwk()
    (tmp_path / "key.json").write_text(json.dumps(key))
    shown = arena("agent-key", "--signing-key", tmp_path / "key.json", "--days", "7", "--name", "pod 1")
    claims = jwt.decode(shown.stdout.strip(), public(key), algorithms=["ES256"])
    assert (claims["role"], claims["agent"], claims["exp"] - claims["iat"]) == ("arena_agent", "pod 1", 7 * 86_400)
    assert shown.stdout.count("\n") == 1
    assert "a key for 'pod 1' as arena_agent, good until" in shown.stderr
    assert "SUPABASE_PUBLISHABLE_KEY" in shown.stderr
    assert key["d"] not in shown.stderr


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    for shown in (
        arena("agent-key", "--secret-file", tmp_path / "secret"),
        arena("agent-key", SUPABASE_JWT_SECRET=SECRET),
    ):
        assert jwt.decode(shown.stdout.strip(), SECRET, algorithms=["HS256"])["role"] == "arena_agent"


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for arguments, words in (
        ([], "There is nothing to sign the key with. Give --signing-key or --secret-file"),
        (["--secret-file", tmp_path / "none"], "cannot be read: no such file or directory."),
        (["--secret-file", tmp_path / "binary"], "cannot be read: it is not UTF-8."),
        (["--signing-key", tmp_path / "none", "--secret-file", tmp_path / "none"], "not both"),
        (["--days", "366"], "less than or equal to 365"),
    ):
        shown = arena("agent-key", *arguments)
        assert shown.returncode != 0
        assert shown.stdout == ""
        assert words in " ".join(shown.stderr.replace("│", " ").split()), shown.stderr


@pytest.mark.parametrize("realtime", ["true", "false"])
def test_an_agent_with_nothing_else_does_a_job(agents: Agents, stack: LocalStack, queue: Queue, realtime: str) -> None:
    key = arena("agent-key", SUPABASE_JWT_SECRET=stack.jwt_secret).stdout.strip()
    settings = {
        "SUPABASE_KEY": key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "ARENA_REALTIME": realtime,
        "ARENA_POLL_SECONDS": "60" if realtime == "true" else "0.5",
    }
    with agents.quick("agent", **settings) as process:
        process.await_line("realtime_ready" if realtime == "true" else "ready")
        job = queue.insert(SCENES)
        row = queue.await_job(job, lambda row: row["finished_at"] is not None)
        assert row["status"] == "succeeded"
        assert key not in process.text


def test_it_warns_when_the_key_ends_soon_and_goes_on_trying_when_it_has(
    agents: Agents, stack: LocalStack, queue: Queue
) -> None:
    key = stack.keys.sign("arena_agent", lifetime_s=8)
    settings = {"SUPABASE_KEY": key, "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key, "ARENA_POLL_SECONDS": "0.5"}
    with agents.quick("agent", **settings) as process:
        process.await_line("ready")
        assert process.lines("key_ends")[0]["days_left"] == 0.0
        process.await_line("store_failed")
        time.sleep(2)
        failures = process.lines("store_failed")
        assert process.alive
        assert len(failures) < 20, "it does not spin"
        assert "Supabase refused the key: " in failures[-1]["event"]
        assert "arena agent-key" in failures[-1]["event"]
