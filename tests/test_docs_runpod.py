"""What docs/runpod.md shows, run as it stands, against a server that behaves as RunPod's API is described."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from agent.settings import load_settings
from local import LocalStack
from local.node import SERVER_DIR, node_path
from tests.agent.runpod_api import KEY, POD_ID, RunPodApi
from tests.agent.web import Web
from tests.sql.database import ROLES, Database, Names

ROOT = Path(__file__).parents[1]
HERE = ROOT / "tests" / "runpod"
TEXT = (ROOT / "docs" / "runpod.md").read_text("utf-8")
SECRET, STARTER, LOOK_BACK = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
(EDGE_FUNCTION,) = re.findall(r"```ts\n(.*?)```", TEXT, re.DOTALL)

BOTH = Names(["Trained_yolov5", "Trained_yolov8"])
WEBHOOK_SECRET = "5f2b8c"


@pytest.fixture
def api() -> Iterator[RunPodApi]:
    """A RunPod account whose pod is stopped."""
    with Web() as web:
        yield RunPodApi(web, status="EXITED")


class Pod:
    """A database with the starter in it, and the clock that cron goes by."""

    def __init__(self, database: Database, api: RunPodApi) -> None:
        self.database, self.api = database, api

    def look(self) -> str | None:
        """What cron does every minute, and pg_net after it; gives what was asked of RunPod."""
        (job,) = self.database.rows("select schedule, command from cron.job")
        assert job["schedule"] == "* * * * *"
        action = self.database.value(job["command"])
        sent = self.database.rows("delete from net.sent returning *")
        assert len(sent) == (action is not None)
        for request in sent:
            self._send(request)
        return str(action) if action else None

    def _send(self, request: dict[str, Any]) -> None:
        host, path = request["url"].split("/v2/")
        assert host == "https://api.runpod.io"
        answer = httpx.post(f"{self.api.url}/{path}", json=request["body"], headers=request["headers"], trust_env=False)
        self.database.rows(
            "insert into net._http_response values (%s, %s, %s)", request["id"], answer.status_code, answer.text
        )

    def pass_minutes(self, minutes: float) -> None:
        """Let all that has happened lie further back."""
        for column in (
            "runpod.requests.sent_at", "public.agent_heartbeats.seen_at", "public.job_attempts.started_at",
            "public.jobs.run_at",
        ):  # fmt: skip
            table, _, name = column.rpartition(".")
            self.database.rows(f"update {table} set {name} = {name} - make_interval(secs => %s)", 60 * minutes)

    def agent(self, status: str = "idle", **card: Any) -> UUID:
        return self.database.register(**{"p_name": "runpod", "p_models": BOTH, "p_status": status, **card})

    def goodbye(self, agent_id: UUID) -> None:
        self.database.rows("update public.agents set status = 'stopped', job_id = null where id = %s", agent_id)

    def job(self, **columns: Any) -> UUID:
        """One that has been due for a while."""
        job_id = self.database.insert_job(**columns)
        self.database.rows("update public.jobs set run_at = run_at - interval '11 seconds' where id = %s", job_id)
        return job_id


@pytest.fixture
def pod(stack: LocalStack, api: RunPodApi) -> Iterator[Pod]:
    """All in one transaction that is rolled back: other tests see nothing of it."""
    database = Database(stack.database_url)
    with database.connection.transaction(force_rollback=True):
        for statement in ("delete from public.jobs", "delete from public.agents"):
            database.rows(statement)
        database.connection.execute((HERE / "supabase_extras.sql").read_bytes())
        database.connection.execute(SECRET.replace("rpa_...", KEY).encode())
        for _ in range(2):  # pasting it again does no harm
            database.connection.execute(STARTER.replace("yourpodid", POD_ID).encode())
        yield Pod(database, api)
    database.close()


@pytest.fixture
def left_pod(pod: Pod) -> Pod:
    """One whose agent said goodbye an hour ago."""
    pod.agent("stopped")
    pod.pass_minutes(60)
    return pod


def test_without_a_job_the_pod_is_left_alone(left_pod: Pod) -> None:
    assert left_pod.look() is None


def test_a_job_starts_the_pod_once(left_pod: Pod) -> None:
    left_pod.job()
    assert (left_pod.look(), left_pod.api.status) == ("start", "STARTING")
    assert left_pod.look() is None
    left_pod.pass_minutes(10)
    assert left_pod.look() is None
    assert left_pod.api.done == ["start"]


def test_a_job_that_has_just_come_or_is_not_due_waits(left_pod: Pod) -> None:
    left_pod.database.insert_job()
    left_pod.database.insert_job("service_role", run_at="2999-01-01T00:00:00Z")
    assert left_pod.look() is None


def test_where_an_agent_can_do_it_none_is_started(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.agent(p_name="laptop")
    assert left_pod.look() is None


def test_an_agent_that_cannot_do_it_does_not_count(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.agent(p_name="laptop", p_models=Names(["Trained_yolov5"]))
    assert left_pod.look() == "start"


def test_the_workers_of_a_pod_with_several_gpus_are_the_pods(pod: Pod) -> None:
    pod.agent("stopped", p_name="runpod-2")
    pod.pass_minutes(60)
    pod.job()
    assert pod.look() is None
    pod.agent("stopped", p_name="runpod cuda:1")
    pod.pass_minutes(60)
    assert pod.look() == "start"


def test_models_that_the_pod_never_had_start_nothing(left_pod: Pod) -> None:
    left_pod.agent("stopped", p_name="laptop", p_models=Names(["detectron2"]))
    left_pod.pass_minutes(60)
    left_pod.job(model_a="detectron2", model_b="detectron2")
    left_pod.job(model_a="detectron2")
    left_pod.job(model_b="detectron2")
    assert left_pod.look() is None


def test_what_it_had_long_ago_is_forgotten(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.pass_minutes(60 * 24 * 31)
    assert left_pod.look() is None


def test_a_job_of_an_agent_that_has_gone_silent_starts_it(pod: Pod) -> None:
    agent_id = pod.agent()
    pod.job()
    pod.database.claimed(agent_id)
    assert pod.look() is None
    pod.pass_minutes(3)
    assert pod.look() == "start"


def test_one_that_comes_as_the_agent_leaves_starts_the_pod_when_it_has_stopped(pod: Pod) -> None:
    pod.agent("stopped")
    pod.job()
    pod.api.status = "RUNNING"
    assert pod.look() is None
    pod.api.status = "EXITED"
    pod.pass_minutes(1.1)
    assert (pod.look(), pod.api.answered) == ("start", [200])


def test_starts_that_bring_nothing_become_rare_and_are_taken_back(left_pod: Pod) -> None:
    """A pod that runs, as RunPod sees it, and whose agent never comes up."""
    left_pod.job()
    asked = []
    for minute in range(0, 1000, 5):
        if action := left_pod.look():
            asked.append((minute, action))
            left_pod.api.status = "RUNNING" if action == "start" else "EXITED"
        left_pod.pass_minutes(5)
    starts = [minute for minute, action in asked if action == "start"]
    # The first is stopped at 20, when the second is due, and that is sent at the next look.
    assert [later - earlier for earlier, later in pairwise(starts)] == [25, 40, 80, 160, 320, 360]
    assert asked[1] == (20, "stop")
    assert [action for _, action in asked] == ["start", "stop"] * (len(starts) - 1) + ["start"]


def test_a_claim_brings_the_patience_back(left_pod: Pod) -> None:
    left_pod.job()
    assert left_pod.look() == "start"
    agent_id = left_pod.agent()
    left_pod.database.claimed(agent_id)
    left_pod.goodbye(agent_id)
    left_pod.pass_minutes(2)
    left_pod.job()
    left_pod.api.status = "EXITED"
    assert left_pod.look() == "start"


def test_an_agent_that_came_is_not_stopped_and_one_that_vanished_is(left_pod: Pod) -> None:
    left_pod.job()
    assert left_pod.look() == "start"
    left_pod.api.status = "RUNNING"
    agent_id = left_pod.agent()
    for _ in range(5):
        left_pod.pass_minutes(10)
        left_pod.database.rows(
            "update public.agent_heartbeats set seen_at = clock_timestamp() where agent_id = %s", agent_id
        )
        assert left_pod.look() is None
    left_pod.pass_minutes(21)
    assert (left_pod.look(), left_pod.api.status) == ("stop", "EXITED")


def test_what_runpod_answered_can_be_looked_at(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.api.status = "RUNNING"
    left_pod.look()
    row = left_pod.database.row(LOOK_BACK)
    assert (row["action"], row["status_code"]) == ("start", 409)
    assert "RUNNING" in row["content"]


def test_without_the_key_it_says_so(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.database.rows("delete from vault.decrypted_secrets")
    with left_pod.database.refused() as refusal, left_pod.database.connection.transaction():
        left_pod.look()
    assert refusal.message == "Vault has no secret called runpod_api_key."


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_start_it_or_see_when_it_was(pod: Pod, role: str) -> None:
    for query in ("select runpod.look()", "select runpod.send('stop')", "select * from runpod.requests"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), pod.database.connection.transaction():
            pod.database.rows(query, role=role)


@pytest.fixture
def function(api: RunPodApi, stack: LocalStack, tmp_path: Path) -> Iterator[str]:
    """Address of the Edge Function, as it runs."""
    (tmp_path / "function.ts").write_text(EDGE_FUNCTION)
    settings = {
        "SUPABASE_URL": stack.url, "SUPABASE_SERVICE_ROLE_KEY": stack.secret_key, "RUNPOD_API_URL": api.url,
        "RUNPOD_KEY": KEY, "POD_ID": POD_ID, "AGENT_NAME": "runpod", "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "NODE_NO_WARNINGS": "1",
    }  # fmt: skip
    command = [str(node_path()), "--import", str(HERE / "deno.mjs"), str(tmp_path / "function.ts")]
    with subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@pytest.fixture
def committed(stack: LocalStack) -> Iterator[Database]:
    """The stack's database, without agents before and after."""
    with closing(Database(stack.database_url)) as database:
        database.rows("delete from public.agents")
        yield database
        database.rows("delete from public.agents")


def inserted(url: str, secret: str = WEBHOOK_SECRET, **columns: str) -> httpx.Response:
    """What a Database Webhook sends."""
    record = {"id": "3f2a", "model_a": "Trained_yolov5", "model_b": "Trained_yolov8"} | columns
    event = {"type": "INSERT", "table": "jobs", "schema": "public", "record": record, "old_record": None}
    return httpx.post(url, json=event, headers={"x-webhook-secret": secret}, trust_env=False)


def test_the_edge_function_starts_the_pod_for_jobs_that_wait_for_it(
    function: str, committed: Database, api: RunPodApi
) -> None:
    assert inserted(function).text == "nothing for the pod"
    committed.register(p_name="runpod", p_models=BOTH, p_status="stopped")
    assert inserted(function, model_a="detectron2").text == "nothing for the pod"
    assert inserted(function, "guessed").status_code == 401
    assert api.answered == []
    assert (inserted(function).text, api.done) == ("RunPod answered 200", ["start"])
    assert (inserted(function).text, api.done) == ("RunPod answered 409", ["start"])
    committed.register(p_name="laptop", p_models=BOTH)
    assert inserted(function).text == "an agent is there"
    assert api.answered == [200, 409]


def test_the_edge_function_has_no_type_error(tmp_path: Path, stack: LocalStack) -> None:
    (tmp_path / "function.ts").write_text(EDGE_FUNCTION)
    compiler = SERVER_DIR / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom"]
    outcome = subprocess.run(
        [node_path(), compiler, *options, "function.ts", HERE / "deno.d.ts"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (outcome.returncode, outcome.stdout) == (0, "")


def test_the_environment_of_the_template_is_one_that_an_agent_takes(tmp_path: Path, monkeypatch: Any) -> None:
    (lines,) = re.findall(r"```ini\n(.*?)```", TEXT, re.DOTALL)
    given = dict(line.split("=", 1) for line in lines.splitlines())
    secrets = {"{{ RUNPOD_SECRET_arena_supabase_key }}": "sb_secret_x"}
    monkeypatch.chdir(tmp_path)
    for name, value in {**given, "RUNPOD_POD_ID": POD_ID, "RUNPOD_API_KEY": KEY}.items():
        monkeypatch.setenv(name, secrets.get(value, value))
    settings = load_settings()
    assert (settings.stop_pod, settings.runpod_pod_id, settings.name) == (True, POD_ID, "runpod")
